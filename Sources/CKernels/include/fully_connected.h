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

// A step of plain descent: weight ← weight − rate · (gradient + decay · weight), as `vector_descend` takes it.
typedef struct {
  float rate, decay;
} connected_step;

// Room for `connected_backward` to work in, in numbers.
size_t connected_scratch_count(const connected_shape *shape);

// result = source · weightᵀ + bias, and its ReLU if requested.
void connected_forward(const connected_shape *shape, const float *source, const float *weight,
                       const float *bias, int relu, float *result);

// The gradients by weight, bias and, unless null, source.
//   result: what `connected_forward` gave if it applied a ReLU, otherwise null.
//   step: unless null, the weights take that step after the gradient by the source is computed, and their gradient is
//     not written: four passes over the weights in place of seven, which is what a large layer's step costs.
void connected_backward(const connected_shape *shape, const float *source, float *weight,
                        const float *result, const float *result_gradient, float *scratch,
                        float *weight_gradient, float *bias_gradient, float *source_gradient,
                        const connected_step *step);
