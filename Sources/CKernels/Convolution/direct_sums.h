// One variant of the sums that convolutions are made of: see vectors.h. Sums of one block of channels at several places
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
