#include "sample_blocks.h"

#include "../Shared/processors.h"
#include "../Shared/vectors.h"

// As the plain code rounds.
#pragma STDC FP_CONTRACT OFF

typedef uint8_t stored_bytes __attribute__((ext_vector_type(16), aligned(1)));

FOR_EACH_PROCESSOR
void gather_sample_blocks(const uint8_t *pixels, int64_t image_size, const int32_t *samples,
                               int64_t count, float factor, float offset, float *target) {
  for (int64_t first = 0; first < count; first += LANES, target += image_size * LANES) {
    const int lanes = count - first < LANES ? (int)(count - first) : LANES;
    const uint8_t *images[LANES];
    for (int lane = 0; lane < lanes; lane++) images[lane] = pixels + samples[first + lane] * image_size;
    int64_t p = 0;
    for (; p + LANES <= image_size; p += LANES) {
      vector rows[LANES];
      UNROLL for (int lane = 0; lane < LANES; lane++) {
        if (lane >= lanes) {
          rows[lane] = 0;
          continue;
        }
        const vector values = __builtin_convertvector(*(const stored_bytes *)(images[lane] + p), vector);
        rows[lane] = values * factor + offset;
      }
      TRANSPOSE(rows);
      UNROLL for (int i = 0; i < LANES; i++) PUT(target + (p + i) * LANES) = rows[i];
    }
    for (; p < image_size; p++)
      for (int lane = 0; lane < LANES; lane++)
        target[p * LANES + lane] = lane < lanes ? (float)images[lane][p] * factor + offset : 0;
  }
}
