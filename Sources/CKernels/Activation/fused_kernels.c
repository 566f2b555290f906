#include "fused_kernels.h"

#include <math.h>
#include <stddef.h>

#include "../Shared/processors.h"

// Where no place was above 0.
enum { DEAD = 4 };

#define BLOCK 16
#define NAME(function) function##_16
#include "block_kernels.h"
#undef NAME
#undef BLOCK
#define BLOCK 8
#define NAME(function) function##_8
#include "block_kernels.h"
#undef NAME
#undef BLOCK

FOR_EACH_PROCESSOR
void fused_add_moments(const fused_shape *shape, const float *x, int is_first, float *base,
                       double *sums, double *squares) {
  if (shape->block == 16) add_moments_16(shape, x, is_first, base, sums, squares);
  else add_moments_8(shape, x, is_first, base, sums, squares);
}

void fused_statistics(const fused_shape *batch, const float *base, const double *sums,
                      const double *squares, float *mean, float *variance) {
  const double count = (double)batch->samples * batch->height * batch->width;
  for (int c = 0; c < batch->channels; c++) {
    const double average = sums[c] / count;
    const double spread = squares[c] / count - average * average;
    mean[c] = (float)(base[c] + average);
    variance[c] = (float)(spread < 0 ? 0 : spread);
  }
}

FOR_EACH_PROCESSOR
void fused_forward(const fused_shape *shape, const float *x, const float *mean, const float *variance,
                   const float *scale, const float *shift, float epsilon, float *pooled,
                   uint8_t *choice, float *chosen) {
  float factor[FUSED_MAXIMUM_CHANNELS], offset[FUSED_MAXIMUM_CHANNELS];
  for (int c = 0; c < shape->channels; c++) {
    factor[c] = scale[c] / sqrtf(variance[c] + epsilon);
    offset[c] = shift[c] - mean[c] * factor[c];
  }
  if (shape->block == 16) pool_16(shape, x, factor, offset, pooled, choice, chosen);
  else pool_8(shape, x, factor, offset, pooled, choice, chosen);
}

FOR_EACH_PROCESSOR
void fused_gradients(const fused_shape *batch, const float *mean, const float *variance,
                     const float *scale, float epsilon, const float *pooled_gradient,
                     const uint8_t *choice, const float *chosen, float *coefficients,
                     float *scale_gradient, float *shift_gradient) {
  double plain[FUSED_MAXIMUM_CHANNELS], weighted[FUSED_MAXIMUM_CHANNELS];
  if (batch->block == 16)
    sum_gradients_16(batch, mean, pooled_gradient, choice, chosen, plain, weighted);
  else sum_gradients_8(batch, mean, pooled_gradient, choice, chosen, plain, weighted);

  const double count = (double)batch->samples * batch->height * batch->width;
  float *factor = coefficients, *slope = factor + batch->channels;
  float *intercept = slope + batch->channels;
  for (int c = 0; c < batch->channels; c++) {
    const double inverse = 1 / sqrt((double)variance[c] + epsilon);
    const double by_scale = weighted[c] * inverse;
    const double strength = scale[c] * inverse;
    const double incline = -strength * inverse * by_scale / count;
    scale_gradient[c] = (float)by_scale;
    shift_gradient[c] = (float)plain[c];
    factor[c] = (float)strength;
    slope[c] = (float)incline;
    intercept[c] = (float)(-strength * plain[c] / count - incline * mean[c]);
  }
}

FOR_EACH_PROCESSOR
void fused_spread(const fused_shape *shape, const float *x, const float *coefficients,
                  const float *pooled_gradient, const uint8_t *choice, float *x_gradient) {
  const float *slope = coefficients + shape->channels, *intercept = slope + shape->channels;
  if (shape->block == 16)
    spread_16(shape, x, pooled_gradient, choice, coefficients, slope, intercept, x_gradient);
  else spread_8(shape, x, pooled_gradient, choice, coefficients, slope, intercept, x_gradient);
}

FOR_EACH_PROCESSOR
void pool_forward(const fused_shape *shape, const float *x, float *pooled, uint8_t *choice) {
  if (shape->block == 16) pool_16(shape, x, 0, 0, pooled, choice, 0);
  else pool_8(shape, x, 0, 0, pooled, choice, 0);
}

FOR_EACH_PROCESSOR
void pool_backward(const fused_shape *shape, const float *pooled_gradient, const uint8_t *choice,
                   float *x_gradient) {
  if (shape->block == 16) spread_16(shape, 0, pooled_gradient, choice, 0, 0, 0, x_gradient);
  else spread_8(shape, 0, pooled_gradient, choice, 0, 0, 0, x_gradient);
}
