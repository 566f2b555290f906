// The machine's limits, measured beside the program.
#pragma once

#include <stdint.h>

// Runs chains of fused multiply-adds that stay in registers, as wide as the processor's vectors are.
// Returns the floating-point operations done, two for each multiply-add.
double peak_multiply_adds(int64_t repetitions);

// a[i] = b[i] + s · c[i]. Moves 12 bytes per element (16 if the cache reads what it will overwrite).
void triad(float *a, const float *b, const float *c, float s, int64_t count);

// Sum of the elements: memory read and nothing written, 4 bytes per element.
float read_all(const float *a, int64_t count);

