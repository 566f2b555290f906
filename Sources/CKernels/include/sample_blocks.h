// Images in blocks of 16 samples, as vectors over samples want them.
#pragma once

#include <stdint.h>

// target[block, p, lane] = factor · pixels[samples[16 · block + lane], p] + offset, 0 for the lanes
// after the last sample; rounded after each operation.
//   pixels: axes (sample, pixel) with image_size pixels.  samples: `count` of them.
//   target: axes (sample block, pixel, sample in block).
void gather_sample_blocks(const uint8_t *pixels, int64_t image_size, const int32_t *samples,
                          int64_t count, float factor, float offset, float *target);
