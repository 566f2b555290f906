// Gradients of a 5×5 convolution (stride 1, no padding) that a ReLU and 2×2 max pooling follow
// directly. Of the gradient by the convolution's result at most one place in four is not zero, where
// pooling chose its maximum, so a convolution that visits those places alone does a quarter of the
// work or less. Exact: only products with 0 are left out.
//
// Channels lie in blocks of 16, axes (sample, channel block, y, x, channel in block). Sums run in a
// fixed order in single precision.
#pragma once

#include <stdint.h>

// Positions of one channel's pooled result that the kernels can hold; the caller checks.
enum { SPARSE_MAXIMUM_POSITIONS = 1024 };

typedef struct {
  int32_t samples;
  int32_t in_channels, out_channels;  // multiples of 16
  int32_t in_height, in_width;        // of the convolution's source, at least 6 × 6
} sparse_shape;

// Whether this processor has the registers for it: 32 of 16 numbers each (AVX-512).
int sparse_gradients_supported(void);

// The gradients by weight and bias.
//   source: axes (sample, in block, y, x, in).
//   pooled_gradient, choice: by the pooled result, and which place it came from (0 … 3, 4: none), as
//     fused_kernels.h has it; axes (sample, out block, y, x, out).
//   weight_gradient: axes (out block, in block, y, x, out, in).
//   bias_gradient: axis (out channel).
void sparse_weight_gradient(const sparse_shape *shape, const float *source,
                            const float *pooled_gradient, const uint8_t *choice,
                            float *weight_gradient, float *bias_gradient);

// The gradient by the source.
//   weight: axes (out block, in block, y, x, out, in).
//   source_gradient: axes (sample, in block, y, x, in).
void sparse_data_gradient(const sparse_shape *shape, const float *weight,
                          const float *pooled_gradient, const uint8_t *choice,
                          float *source_gradient);
