// Convolutions of any kernel size, stride 1, summed directly: for what `spectral_convolution.h` does not have.
// Single precision, each sum in one order whatever the rest of the batch, the same bits for every width of vectors.
//
// Channels come in blocks of 16, the last one filled up with 0: axes (sample, channel block, y, x, channel in block).
// A source with fewer channels may lie in planes, axes (sample, channel, y, x). Borders are part of the source: see
// `pad_planes`.
//
//   source: height × width; result: (height − kernel + 1) × (width − kernel + 1).
//   weight, weight_gradient: axes (out block, in, ky, kx, out in block).
//   bias, bias_gradient: axis (out), filled up to whole blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  int32_t samples, in_channels, out_channels;
  int32_t height, width;  // of the source
  int32_t kernel;
  int32_t has_planes;    // whether the source lies in planes
  int32_t vector_width;  // bits: see `widest_vectors`
} direct_shape;

// Room for the functions below to work in, in numbers.
size_t direct_scratch_count(const direct_shape *shape);

// result = convolution + bias, and its ReLU if requested. bias: null for none.
void direct_forward(const direct_shape *shape, const float *source, const float *weight, const float *bias,
                    int relu, float *scratch, float *result);

// The weights of the convolution that gives the gradient by the source: in and out exchanged, kernels turned.
//   transposed: axes (in block, out, ky, kx, in in block).
void direct_transpose_weights(const direct_shape *shape, const float *weight, float *transposed);

// The gradients by weight and bias.
void direct_weight_gradient(const direct_shape *shape, const float *source, const float *result_gradient,
                            float *scratch, float *weight_gradient, float *bias_gradient);
