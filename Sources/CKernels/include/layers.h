// What stands between convolutions: borders, pooling, normalisation, ReLU, dropout masks and sums, forward and backward.
// Single precision without fused multiply-adds, sums in a fixed order and combined in double precision: the same bits
// on every processor.
//
// Images come in planes of 16 channels, axes (sample, channel block, y, x, channel in block), the last block filled up
// with 0. Axes (channel) are filled up to whole blocks too.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Some planes of height × width places.
typedef struct {
  int64_t planes;
  int32_t height, width;
} plane_shape;

// Images of a batch and their channels.
typedef struct {
  int32_t samples, channels;
  int32_t area;  // places of a plane
} layer_shape;

// Puts a border of 0 around every plane, and takes it away. A place has `lanes` numbers.
void pad_planes(const plane_shape *shape, int lanes, int border, const float *source, float *target);
void crop_planes(const plane_shape *shape, int lanes, int border, const float *source, float *target);

// Pooling of size × size places; the places that are left over at the end of a row or column are dropped. Results:
// height / size × width / size.
//   choice, unless null: which of the places (row by row; of equals the first, NaN wins) gave the maximum; size ≤ 15.
void maximum_pool(const plane_shape *shape, int size, const float *source, float *result, uint8_t *choice);
void maximum_pool_gradient(const plane_shape *shape, int size, const uint8_t *choice,
                           const float *result_gradient, float *source_gradient);
void average_pool(const plane_shape *shape, int size, const float *source, float *result);
void average_pool_gradient(const plane_shape *shape, int size, const float *result_gradient,
                           float *source_gradient);

// result = γ · (source − mean) / √(variance + ε) + β by given statistics of channels.
void normalise(const layer_shape *shape, const float *source, const float *mean, const float *variance,
               const float *scale, const float *shift, float epsilon, float *result);

// The gradients by source, γ and β of `normalise` by the batch's own statistics. The gradient by the source may take
// the place of that by the result.
void normalise_gradient(const layer_shape *shape, const float *source, const float *mean,
                        const float *variance, const float *scale, float epsilon,
                        const float *result_gradient, float *source_gradient, float *scale_gradient,
                        float *shift_gradient);

// Room for group normalisation to keep statistics in and to work in, in numbers.
size_t group_scratch_count(const layer_shape *shape, int groups);

// Group normalisation (Wu and He, ECCV 2018, Equation 1): mean and variance over the channels of a group of one sample.
// The scratch is kept for the gradient.
void group_normalise(const layer_shape *shape, int groups, const float *source, const float *scale,
                     const float *shift, float epsilon, float *scratch, float *result);
void group_normalise_gradient(const layer_shape *shape, int groups, const float *source,
                              const float *scale, float *scratch, const float *result_gradient,
                              float *source_gradient, float *scale_gradient, float *shift_gradient);

// result = max(source, 0) as PyTorch has it: NaN stays. The two may be the same.
void relu(const float *source, float *result, ptrdiff_t count);
// gradient ← 0 where the ReLU's result is 0.
void relu_gradient(const float *result, float *gradient, ptrdiff_t count);
// values ← values · factors; values ← values + others.
void multiply_by(float *values, const float *factors, ptrdiff_t count);
void add_to(float *values, const float *others, ptrdiff_t count);
