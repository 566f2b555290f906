// A fully connected layer and its gradients. Single precision, each sum in one order whatever the rest of
// the batch, the same bits for every width of vectors.
//
//   source, source_gradient: axes (sample, input); result, result_gradient: axes (sample, output).
//   weight, weight_gradient: axes (output block, input, output) of 16 outputs a block, inputs filled up to
//     a multiple of 16; what fills them up, and the last block, is 0.
//   bias, bias_gradient: axis (output).
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  int32_t samples, inputs, outputs;
  // Numbers from one sample to the next: either no more than there are, or a multiple of 16, and what
  // fills it up is 0.
  int32_t source_stride, result_stride;
  int32_t vector_width;  // bits: see `widest_vectors`
} connected_shape;

// Room for `connected_backward` to work in, in numbers.
size_t connected_scratch_count(const connected_shape *shape);

// result = source · weightᵀ + bias, and its ReLU if requested.
void connected_forward(const connected_shape *shape, const float *source, const float *weight,
                       const float *bias, int relu, float *result);

// The gradients by weight, bias and, unless null, source.
//   result: what `connected_forward` gave if it applied a ReLU, otherwise null.
void connected_backward(const connected_shape *shape, const float *source, const float *weight,
                        const float *result, const float *result_gradient, float *scratch,
                        float *weight_gradient, float *bias_gradient, float *source_gradient);
