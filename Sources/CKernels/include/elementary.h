// The exponential and the logarithm of the softmax and its loss, in single precision. The C library's differ from
// version to version (glibc changed both in 2.41); these give the same bits everywhere: fused multiply-adds and plain
// operations in double precision only, rounded once at the end. The exponential is at most 0.51 units in the last place
// from the exact value, the logarithm 0.82.
//
// Method: P.-T. P. Tang's table-driven functions (ACM TOMS 15, 1989; 16, 1990). Tables and coefficients are those of
// Arm's Optimized Routines, which glibc 2.28 to 2.40 has as well, so that results keep the bits that they had with it.
#pragma once

#include <stdint.h>

// y[i] = exp(x[i] − offset), the difference rounded to single precision.
void elementary_exponentials(const float *x, float offset, float *y, int64_t count);

// The natural logarithm.
float elementary_logarithm(float x);
