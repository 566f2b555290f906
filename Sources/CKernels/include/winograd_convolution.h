// A 3×3 convolution (stride 1) and its gradients by Winograd's minimal filtering (Lavin and Gray, CVPR 2016, F(2×2, 3×3)):
// tiles of 4×4 values give 2×2 results each with 16 multiplications instead of 36. Rounding is as small as that of the
// plain sums; larger tiles would round ten times as much. Shapes and layouts as in `direct_convolution.h`, in blocks; each
// sum in one order, the same bits for every width of vectors.
#pragma once

#include "direct_convolution.h"

// Numbers of transformed weights, and room for the functions below to work in.
size_t winograd_weight_count(const direct_shape *shape);
size_t winograd_scratch_count(const direct_shape *shape);

// transformed: axes (place in tile, out block, in, out in block).
void winograd_transform_weights(const direct_shape *shape, const float *weight, float *transformed);

// As `direct_forward`.
void winograd_forward(const direct_shape *shape, const float *source, const float *transformed,
                      const float *bias, int relu, float *scratch, float *result);

// As `direct_weight_gradient`; transformed: room for `winograd_weight_count`.
void winograd_weight_gradient(const direct_shape *shape, const float *source, const float *result_gradient,
                              float *scratch, float *transformed, float *weight_gradient,
                              float *bias_gradient);
