// Products of the spectra of one bin, for one variant: see vectors.h. Matrices of complex numbers are
// multiplied as networks need them, sixteen channels in a vector.

// c[r] = Σ_k a[r, k] · b[k], or · conj(b[k]), added to what is there if asked for.
//   a: single complex numbers, the imaginary part LANES behind the real one; b, c: vectors.
VECTOR_INLINE void VARIANT(multiply_rows)(const int rows, const int conjugates, int adds, int count,
                                          const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
                                          const float *b, ptrdiff_t b_step, float *c, ptrdiff_t c_row) {
  vector real[MOST_ROWS], imaginary[MOST_ROWS];
  UNROLL for (int r = 0; r < rows; r++) {
    real[r] = adds ? (vector)AT(c + r * c_row) : (vector)0;
    imaginary[r] = adds ? (vector)AT(c + r * c_row + LANES) : (vector)0;
  }
  for (int k = 0; k < count; k++, a += a_step, b += b_step) {
    const vector b_real = AT(b), b_imaginary = AT(b + LANES);
    UNROLL for (int r = 0; r < rows; r++) {
      const float a_real = a[r * a_row], a_imaginary = a[r * a_row + LANES];
      real[r] = FMA(a_real, b_real, real[r]);
      imaginary[r] = FMA(a_imaginary, b_real, imaginary[r]);
      real[r] = FMA(conjugates ? a_imaginary : -a_imaginary, b_imaginary, real[r]);
      imaginary[r] = FMA(conjugates ? -a_real : a_real, b_imaginary, imaginary[r]);
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    PUT(c + r * c_row) = real[r];
    PUT(c + r * c_row + LANES) = imaginary[r];
  }
}

// The same for any number of rows.
#define ROWS(count_of_rows)                                                                        \
  for (; (count_of_rows) <= MOST_ROWS && r + (count_of_rows) <= rows; r += (count_of_rows))        \
  VARIANT(multiply_rows)(count_of_rows, conjugates, adds, count, a + r * a_row, a_row, a_step, b,  \
                         b_step, c + r * c_row, c_row)
VECTOR_INLINE void VARIANT(multiply)(int rows, const int conjugates, int adds, int count, const float *a,
                                     ptrdiff_t a_row, ptrdiff_t a_step, const float *b, ptrdiff_t b_step,
                                     float *c, ptrdiff_t c_row) {
  int r = 0;
  ROWS(8);
  ROWS(4);
  // For the three channels of a colour image.
  ROWS(3);
  ROWS(2);
  ROWS(1);
}

VECTOR_INLINE void VARIANT(multiply_forward)(int in_channels, int in_blocks, int out_blocks, int samples,
                                             const float *source, const float *weights, float *result) {
  const ptrdiff_t step = (ptrdiff_t)out_blocks * PAIR;
  for (int o = 0; o < out_blocks; o++) {
    float *target = result + o * PAIR;
    if (!in_blocks)
      VARIANT(multiply)(samples, 1, 0, in_channels, source, 1, PAIR, weights + o * PAIR, step, target,
                        step);
    for (int i = 0; i < in_blocks; i++)
      VARIANT(multiply)(samples, 1, i > 0, LANES, source + i * PAIR, in_blocks * PAIR, 1,
                        weights + i * LANES * step + o * PAIR, step, target, step);
  }
}

VECTOR_INLINE void VARIANT(multiply_by_weight)(int in_channels, int in_blocks, int out_blocks,
                                               int samples, int is_first, const float *source,
                                               const float *gradient, float *weights) {
  const ptrdiff_t step = (ptrdiff_t)out_blocks * PAIR;
  for (int o = 0; o < out_blocks; o++) {
    float *target = weights + o * PAIR;
    if (!in_blocks)
      VARIANT(multiply)(in_channels, 1, !is_first, samples, source, PAIR, 1, gradient + o * PAIR, step,
                        target, step);
    for (int i = 0; i < in_blocks; i++)
      VARIANT(multiply)(LANES, 1, !is_first, samples, source + i * PAIR, 1, in_blocks * PAIR,
                        gradient + o * PAIR, step, target + i * LANES * step, step);
  }
}

VECTOR_INLINE void VARIANT(multiply_by_source)(int out_blocks, int samples, const float *gradient,
                                               const float *weights, float *source) {
  for (int o = 0; o < out_blocks; o++)
    VARIANT(multiply)(samples, 0, o > 0, LANES, gradient + o * PAIR, out_blocks * PAIR, 1,
                      weights + o * LANES * PAIR, PAIR, source, PAIR);
}

#undef ROWS
