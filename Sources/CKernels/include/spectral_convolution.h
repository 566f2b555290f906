// A 5×5 convolution (stride 1, no padding) and its gradients as products of spectra: the source is cut
// into tiles of 12×12 or 14×14 values, whose discrete Fourier transforms are multiplied by those of the
// kernels, frequency by frequency. For the paper's layers that is a quarter of the arithmetic of the
// formula, transforms included, with less rounding: fewer numbers are added to each other.
//
// Tiles overlap by 4 values where a convolution's result is larger than a tile's 8×8 or 10×10 (overlap-
// save). Vectors hold 16 channels, or 16 samples of a source with few channels. Single precision, each
// sum in one order whatever the rest of the batch, the same bits for every width of vectors.
//
//   Ŷ[n, o] = Σ_i X̂[n, i] · conj(Ŵ[o, i])      forward (a correlation, as networks have it)
//   ∂Ŵ[o, i] = Σ_n X̂[n, i] · conj(∂Ŷ[n, o])     by the weight
//   ∂X̂[n, i] = Σ_o ∂Ŷ[n, o] · Ŵ[o, i]           by the source
#pragma once

#include <stddef.h>
#include <stdint.h>

// Samples that are worked on together: parts of a batch begin at multiples of it.
enum { SPECTRAL_GROUP = 16 };

// Some samples of a batch, and what a convolution makes of them.
typedef struct {
  int32_t samples;
  int32_t in_channels;   // a multiple of 16, or below 16
  int32_t out_channels;  // a multiple of 16
  int32_t out_height, out_width;
  int32_t vector_width;  // bits: see `widest_vectors`
} spectral_shape;

// Sizes of buffers in numbers: the spectra of the source, of the weights (or of the gradient by them),
// and room to work in.
size_t spectral_source_count(const spectral_shape *shape);
size_t spectral_weight_count(const spectral_shape *shape);
size_t spectral_scratch_count(const spectral_shape *shape);

// In what follows
//   source, source_gradient: axes (sample, in block, y, x, in) of 16 channels a block; with fewer than 16
//     channels (sample block, in, y, x, sample) of 16 samples per block, those after the last 0.
//   result: axes (sample, out block, y, x, out).
//   weight, weight_gradient: axes (out block, in block, y, x, in, out); with fewer than 16 channels
//     (out block, in, y, x, out).

// Sums over a batch's results for batch normalisation, as `fused_add_moments` has them; axis (channel).
typedef struct {
  float *base;
  double *sums, *squares;
} spectral_moments;

// What the gradient by the result is made of, tile by tile: 2×2 max pooling and a ReLU follow the
// convolution, and batch normalisation may stand between. See `fused_spread` and `pool_backward`.
typedef struct {
  const float *pooled_gradient;
  const uint8_t *choice;      // axes of pooled
  const float *result;        // null without batch normalisation
  const float *coefficients;  // axes (3, channel); null without
} spectral_upstream;

// The weights' spectra as the forward pass wants them.
void spectral_transform_weights(const spectral_shape *shape, const float *weight, float *spectra);

// The same as the gradient by the source wants them; at least 16 channels.
void spectral_transform_transposed_weights(const spectral_shape *shape, const float *weight,
                                           float *spectra);

// result = convolution + bias, and its ReLU if requested. Keeps the source's spectra. Adds to the moments,
// unless null, which the first part of a batch sets.
void spectral_forward(const spectral_shape *shape, const float *source, const float *weight_spectra,
                      const float *bias, int relu, const spectral_moments *moments, int is_first,
                      float *source_spectra, float *scratch, float *result);

// Adds these samples' part to the spectra of the gradient by the weight and to the gradient by the bias,
// which the first part of a batch sets; and computes the gradient by the source, unless that is null.
//   transposed_spectra: of `spectral_transform_transposed_weights`.
void spectral_backward(const spectral_shape *shape, const spectral_upstream *upstream,
                       const float *source_spectra, const float *transposed_spectra, int is_first,
                       float *gradient_spectra, float *bias_gradient, float *scratch,
                       float *source_gradient);

// The gradient by the weight from its spectra.
void spectral_weight_gradient(const spectral_shape *shape, const float *gradient_spectra,
                              float *weight_gradient);
