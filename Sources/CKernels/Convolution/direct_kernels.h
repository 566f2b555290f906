// One variant of the kernels of a direct convolution: see vectors.h.

#include "direct_sums.h"

VECTOR_INLINE void VARIANT(direct_all)(const int step, const direct_shape *shape, const ptrdiff_t *taps,
                                       const float *source, const float *weight, const float *bias,
                                       int relu, float *result) {
  const int height = out_height(shape), width = out_width(shape);
  const ptrdiff_t blocks = blocks_of(shape->out_channels), size = sample_size(shape);
  const ptrdiff_t tap_count = taps_of(shape);
  const int tiles = (width + MOST_PLACES - 1) / MOST_PLACES;
  for (ptrdiff_t block = 0; block < blocks; block++) {
    vector shift = 0;
    if (bias) shift = AT(bias + block * LANES);
    const float *weights = weight + block * tap_count * LANES;
    for (ptrdiff_t n = 0; n < shape->samples; n++)
      for (int y = 0; y < height; y++) {
        const float *row = source + n * size + (ptrdiff_t)y * shape->width * step;
        float *out = result + ((n * blocks + block) * height + y) * (ptrdiff_t)width * LANES;
        // Tiles of nearly the same width.
        for (int tile = 0, x = 0; tile < tiles; tile++) {
          const int places = (width - x + tiles - tile - 1) / (tiles - tile);
          VARIANT(direct_some_places)(places, step, tap_count, taps, row + (ptrdiff_t)x * step, weights,
                                      &shift, relu, out + (ptrdiff_t)x * LANES);
          x += places;
        }
      }
  }
}

static VECTORIZED void VARIANT(direct_forward)(const direct_shape *shape, const ptrdiff_t *taps,
                                               const float *source, const float *weight,
                                               const float *bias, int relu, float *result) {
  if (shape->has_planes) VARIANT(direct_all)(1, shape, taps, source, weight, bias, relu, result);
  else VARIANT(direct_all)(LANES, shape, taps, source, weight, bias, relu, result);
}

// MARK: Gradients

VECTOR_INLINE void VARIANT(direct_gradients)(const int step, const direct_shape *shape,
                                             const ptrdiff_t *taps, const float *source,
                                             const float *gradient, float *weight_gradient,
                                             float *bias_gradient) {
  const int height = out_height(shape), width = out_width(shape);
  const ptrdiff_t blocks = blocks_of(shape->out_channels), size = sample_size(shape);
  const ptrdiff_t tap_count = taps_of(shape);
  memset(weight_gradient, 0, (size_t)(blocks * tap_count * LANES) * sizeof(float));
  for (ptrdiff_t block = 0; block < blocks; block++) {
    float *weights = weight_gradient + block * tap_count * LANES;
    vector bias = 0;
    for (ptrdiff_t n = 0; n < shape->samples; n++)
      for (int y = 0; y < height; y++) {
        const float *row = source + n * size + (ptrdiff_t)y * shape->width * step;
        const float *upstream = gradient + ((n * blocks + block) * height + y) * (ptrdiff_t)width * LANES;
        vector sum = 0;
        for (ptrdiff_t x = 0; x < width; x++) sum += AT(upstream + x * LANES);
        bias += sum;
        ptrdiff_t t = 0;
        for (; t + MOST_TAPS <= tap_count; t += MOST_TAPS)
          VARIANT(direct_row)(MOST_TAPS, step, taps + t, row, upstream, width, weights + t * LANES);
        for (; t < tap_count; t++)
          VARIANT(direct_row)(1, step, taps + t, row, upstream, width, weights + t * LANES);
      }
    PUT(bias_gradient + block * LANES) = bias;
  }
}

static VECTORIZED void VARIANT(direct_weight_gradient)(const direct_shape *shape, const ptrdiff_t *taps,
                                                       const float *source, const float *gradient,
                                                       float *weight_gradient, float *bias_gradient) {
  if (shape->has_planes)
    VARIANT(direct_gradients)(1, shape, taps, source, gradient, weight_gradient, bias_gradient);
  else VARIANT(direct_gradients)(LANES, shape, taps, source, gradient, weight_gradient, bias_gradient);
}
