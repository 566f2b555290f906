// Batch normalisation, ReLU and 2×2 max pooling in one pass over a convolution's result, forward and
// backward. oneDNN does them one by one, which is bound by memory: together they took as long as the
// convolutions.
//
// Tensors are blocked by channels as oneDNN keeps them: axes (sample, channel block, y, x, channel in
// block), with 16 or 8 channels a block. Single precision; sums over a batch run in a fixed order and
// are combined in double precision.
#pragma once

#include <stdint.h>

// Channels that the kernels can hold; the caller checks.
enum { FUSED_MAXIMUM_CHANNELS = 1024 };

// A convolution's result and what pooling makes of it: height / 2 × width / 2, rounded down.
typedef struct {
  int32_t samples, channels, height, width;
  int32_t block;  // channels in a block: 16 or 8; channels is a multiple of it
} fused_shape;

// Adds some samples of a batch to its sums of x − base and (x − base)², axis (channel) each. The first
// samples set the base, a value of the channel: no cancellation where the mean is large.
void fused_add_moments(const fused_shape *shape, const float *x, int is_first, float *base,
                       double *sums, double *squares);

// Mean and biased variance of every channel over the batch, axis (channel), from these sums.
void fused_statistics(const fused_shape *batch, const float *base, const double *sums,
                      const double *squares, float *mean, float *variance);

// pooled = maxpool(relu(γ · (x − mean) / √(variance + ε) + β)).
// choice, unless null: which of the four places (0 … 3, row by row; of equals the first) gave the
// maximum, 4 if none was above 0; axes of pooled. chosen, unless null: x at that place.
void fused_forward(const fused_shape *shape, const float *x, const float *mean, const float *variance,
                   const float *scale, const float *shift, float epsilon, float *pooled,
                   uint8_t *choice, float *chosen);

// The gradients by γ and β from that by pooled, over a whole batch whose own mean and variance are
// given, and what `fused_spread` needs, axes (3, channel).
void fused_gradients(const fused_shape *batch, const float *mean, const float *variance,
                     const float *scale, float epsilon, const float *pooled_gradient,
                     const uint8_t *choice, const float *chosen, float *coefficients,
                     float *scale_gradient, float *shift_gradient);

// The gradient by x of some samples of the batch.
void fused_spread(const fused_shape *shape, const float *x, const float *coefficients,
                  const float *pooled_gradient, const uint8_t *choice, float *x_gradient);

// pooled = maxpool(x) of an x that a ReLU has passed; choice as above.
void pool_forward(const fused_shape *shape, const float *x, float *pooled, uint8_t *choice);

// The gradient by the ReLU's input from that by pooled.
void pool_backward(const fused_shape *shape, const float *pooled_gradient, const uint8_t *choice,
                   float *x_gradient);
