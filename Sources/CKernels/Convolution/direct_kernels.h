// One variant of the kernels of a direct convolution: see vectors.h. Sums of one block of channels at several places
// stay in registers.

// Results of one row, from the place `source` on: result[r] = bias + Σ_tap source[tap + r] · weight[tap].
VECTOR_INLINE void VARIANT(direct_places)(const int places, const int step, ptrdiff_t tap_count,
                                          const ptrdiff_t *taps, const float *source, const float *weight,
                                          const vector *bias, int relu, float *result) {
  vector sums[MOST_PLACES];
  UNROLL for (int r = 0; r < places; r++) sums[r] = *bias;
  for (ptrdiff_t t = 0; t < tap_count; t++) {
    const float *at = source + taps[t];
    const vector values = AT(weight + t * LANES);
    UNROLL for (int r = 0; r < places; r++) sums[r] = FMA(at[r * step], values, sums[r]);
  }
  UNROLL for (int r = 0; r < places; r++) {
    // As PyTorch's ReLU: NaN stays.
    if (relu) sums[r] = sums[r] < 0 ? (vector)0 : sums[r];
    PUT(result + r * LANES) = sums[r];
  }
}

#define PLACES(number)                                                                                     \
  case number:                                                                                             \
    if ((number) <= MOST_PLACES)                                                                           \
      VARIANT(direct_places)((number) <= MOST_PLACES ? (number) : 1, step, tap_count, taps, source, weight, \
                             bias, relu, result);                                                          \
    break

// The same for any number of places up to the most.
VECTOR_INLINE void VARIANT(direct_some_places)(int places, const int step, ptrdiff_t tap_count,
                                               const ptrdiff_t *taps, const float *source,
                                               const float *weight, const vector *bias, int relu,
                                               float *result) {
  switch (places) {
    PLACES(1);
    PLACES(2);
    PLACES(3);
    PLACES(4);
    PLACES(5);
    PLACES(6);
    PLACES(7);
    PLACES(8);
    PLACES(9);
    PLACES(10);
    PLACES(11);
    PLACES(12);
    PLACES(13);
    PLACES(14);
  }
}

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

// Adds the products of one row of the result's gradient with what some numbers of the kernels saw.
VECTOR_INLINE void VARIANT(direct_row)(const int count, const int step, const ptrdiff_t *taps,
                                       const float *source, const float *gradient, int width,
                                       float *weight_gradient) {
  vector sums[MOST_PLACES];
  const float *places[MOST_PLACES];
  UNROLL for (int t = 0; t < count; t++) {
    sums[t] = 0;
    places[t] = source + taps[t];
  }
  for (ptrdiff_t x = 0; x < width; x++) {
    const vector upstream = AT(gradient + x * LANES);
    UNROLL for (int t = 0; t < count; t++) sums[t] = FMA(places[t][x * step], upstream, sums[t]);
  }
  UNROLL for (int t = 0; t < count; t++)
    PUT(weight_gradient + t * LANES) = AT(weight_gradient + t * LANES) + sums[t];
}

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
