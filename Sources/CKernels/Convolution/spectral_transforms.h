// Discrete Fourier transforms of SIZE × SIZE tiles of vectors, one channel a lane; included once for
// every SIZE (an even number) and variant, with their TRANSFORM(name).
//
// A tile is real, so that of its SIZE × SIZE frequencies about half are stored, as BINS pairs of vectors
// (real, imaginary), `stride` numbers from one to the next: first column frequency 0 with row
// frequencies 0 … HALF, then column frequency HALF with the same, then column frequencies 1 … HALF − 1
// with all row frequencies.
//
// One-dimensional transforms are the formula itself, folded by the symmetries of sine and cosine: with
// e(jk) = exp(−2πi jk / SIZE), e((j + HALF) k) = (−1)^k e(jk) and e((HALF − j) k) = (−1)^k conj(e(jk)).

#define HALF (SIZE / 2)
#define BINS (2 * (HALF + 1) + (HALF - 1) * SIZE)
#define COSINE(index) (SIZE == 12 ? cosines_12[(index) % 12] : cosines_14[(index) % 14])
#define SINE(index) (SIZE == 12 ? sines_12[(index) % 12] : sines_14[(index) % 14])

// The transform of SIZE real values, those from `inputs` on 0: frequencies 0 … HALF.
VECTOR_INLINE void TRANSFORM(real_forward)(const vector *x, const int inputs, vector *real,
                                           vector *imaginary) {
  const int present = inputs < HALF ? inputs : HALF;
  vector sum[HALF], difference[HALF];
  UNROLL for (int j = 0; j < present; j++) {
    sum[j] = j + HALF < inputs ? x[j] + x[j + HALF] : x[j];
    difference[j] = j + HALF < inputs ? x[j] - x[j + HALF] : x[j];
  }
  // Pairs j and HALF − j, of which the second may be 0.
  vector even_cosine[HALF], even_sine[HALF], odd_cosine[HALF], odd_sine[HALF];
  UNROLL for (int j = 1; 2 * j < HALF; j++) {
    const int is_pair = HALF - j < present;
    even_cosine[j] = is_pair ? sum[j] + sum[HALF - j] : sum[j];
    even_sine[j] = is_pair ? sum[j] - sum[HALF - j] : sum[j];
    odd_cosine[j] = is_pair ? difference[j] - difference[HALF - j] : difference[j];
    odd_sine[j] = is_pair ? difference[j] + difference[HALF - j] : difference[j];
  }
  UNROLL for (int k = 0; k <= HALF; k++) {
    const int is_odd = k % 2;
    vector r = is_odd ? difference[0] : sum[0];
    UNROLL for (int j = 1; 2 * j < HALF; j++)
      r = FMA(COSINE(j * k), is_odd ? odd_cosine[j] : even_cosine[j], r);
    if (HALF % 2 == 0 && !is_odd) r = k % 4 ? r - sum[HALF / 2] : r + sum[HALF / 2];
    real[k] = r;
    if (k == 0 || k == HALF) continue;
    vector i = -SINE(k) * (is_odd ? odd_sine[1] : even_sine[1]);
    UNROLL for (int j = 2; 2 * j < HALF; j++)
      i = FMA(-SINE(j * k), is_odd ? odd_sine[j] : even_sine[j], i);
    if (HALF % 2 == 0 && is_odd)
      i = k % 4 == 1 ? i - difference[HALF / 2] : i + difference[HALF / 2];
    imaginary[k] = i;
  }
}

// The real values 0 … outputs − 1 whose transform has these frequencies, times SIZE.
VECTOR_INLINE void TRANSFORM(real_inverse)(const vector *real, const vector *imaginary,
                                           const int outputs, vector *x) {
  UNROLL for (int j = 0; 2 * j <= HALF; j++) {
    const int is_middle = 2 * j == HALF;
    // Sums over even and odd frequencies.
    vector even_cosine = real[0], even_sine = 0, odd_cosine = 0, odd_sine = 0;
    UNROLL for (int k = 1; k < HALF; k++) {
      const float c = 2 * COSINE(j * k), s = 2 * SINE(j * k);
      if (k % 2 == 0) {
        even_cosine = FMA(c, real[k], even_cosine);
        if (j > 0 && !is_middle) even_sine = k == 2 ? s * imaginary[k] : FMA(s, imaginary[k], even_sine);
      } else {
        if (!is_middle) odd_cosine = k == 1 ? c * real[k] : FMA(c, real[k], odd_cosine);
        if (j > 0) odd_sine = k == 1 ? s * imaginary[k] : FMA(s, imaginary[k], odd_sine);
      }
    }
    if (HALF % 2 == 0) even_cosine = j % 2 ? even_cosine - real[HALF] : even_cosine + real[HALF];
    else odd_cosine = j % 2 ? odd_cosine - real[HALF] : odd_cosine + real[HALF];
    const vector even = j > 0 && !is_middle ? even_cosine - even_sine : even_cosine;
    const vector odd = j == 0 ? odd_cosine : is_middle ? -odd_sine : odd_cosine - odd_sine;
    if (j < outputs) x[j] = even + odd;
    if (j + HALF < outputs) x[j + HALF] = even - odd;
    if (j == 0 || is_middle) continue;
    const vector mirrored_even = even_cosine + even_sine, mirrored_odd = odd_cosine + odd_sine;
    if (HALF - j < outputs) x[HALF - j] = mirrored_even - mirrored_odd;
    if (SIZE - j < outputs) x[SIZE - j] = mirrored_even + mirrored_odd;
  }
}

// The transform of SIZE complex values, those from `inputs` on 0: frequencies 0 … outputs − 1. With real
// and imaginary parts exchanged, given and found, it is the inverse times SIZE.
VECTOR_INLINE void TRANSFORM(complex_forward)(const vector *real, const vector *imaginary,
                                              const int inputs, const int outputs, vector *out_real,
                                              vector *out_imaginary) {
  vector rr[HALF + 1], ri[HALF + 1], ir[HALF + 1], ii[HALF + 1];
  TRANSFORM(real_forward)(real, inputs, rr, ri);
  TRANSFORM(real_forward)(imaginary, inputs, ir, ii);
  UNROLL for (int k = 0; k <= HALF; k++) {
    const int is_real = k == 0 || k == HALF;
    if (k < outputs) {
      out_real[k] = is_real ? rr[k] : rr[k] - ii[k];
      out_imaginary[k] = is_real ? ir[k] : ir[k] + ri[k];
    }
    if (!is_real && SIZE - k < outputs) {
      out_real[SIZE - k] = rr[k] + ii[k];
      out_imaginary[SIZE - k] = ir[k] - ri[k];
    }
  }
}

// The spectrum, times `scale`, of a tile of which the first `inputs` rows and columns are given, the
// others 0.
//   plane: its first value; `row` numbers lie from one row to the next.
VECTOR_INLINE void TRANSFORM(plane_forward)(const float *plane, ptrdiff_t row, const int inputs,
                                            const float scale, float *spectrum, ptrdiff_t stride) {
  // Axes (column frequency, real and imaginary, row).
  vector columns[HALF + 1][2][SIZE];
  for (int y = 0; y < inputs; y++) {
    vector x[SIZE], real[HALF + 1], imaginary[HALF + 1];
    UNROLL for (int i = 0; i < inputs; i++) x[i] = AT(plane + y * row + i * LANES);
    TRANSFORM(real_forward)(x, inputs, real, imaginary);
    UNROLL for (int k = 0; k <= HALF; k++) {
      columns[k][0][y] = real[k];
      if (k > 0 && k < HALF) columns[k][1][y] = imaginary[k];
    }
  }
  for (int k = 0; k <= HALF; k += HALF) {
    vector x[SIZE], real[HALF + 1], imaginary[HALF + 1];
    UNROLL for (int y = 0; y < inputs; y++) x[y] = columns[k][0][y];
    TRANSFORM(real_forward)(x, inputs, real, imaginary);
    imaginary[0] = 0;
    imaginary[HALF] = 0;
    UNROLL for (int j = 0; j <= HALF; j++) {
      PUT(spectrum) = scale == 1 ? real[j] : scale * real[j];
      PUT(spectrum + LANES) = scale == 1 ? imaginary[j] : scale * imaginary[j];
      spectrum += stride;
    }
  }
  for (int k = 1; k < HALF; k++) {
    vector r[SIZE], i[SIZE], real[SIZE], imaginary[SIZE];
    UNROLL for (int y = 0; y < inputs; y++) r[y] = columns[k][0][y], i[y] = columns[k][1][y];
    TRANSFORM(complex_forward)(r, i, inputs, SIZE, real, imaginary);
    UNROLL for (int j = 0; j < SIZE; j++) {
      PUT(spectrum) = scale == 1 ? real[j] : scale * real[j];
      PUT(spectrum + LANES) = scale == 1 ? imaginary[j] : scale * imaginary[j];
      spectrum += stride;
    }
  }
}

// The first `outputs` rows and columns of the tile with this spectrum, times SIZE · SIZE; axes (y, x) of
// `outputs` vectors each.
VECTOR_INLINE void TRANSFORM(plane_inverse)(const float *spectrum, ptrdiff_t stride, const int outputs,
                                            vector *tile) {
  // Axes (row, real and imaginary, column frequency).
  vector rows[SIZE][2][HALF + 1];
  for (int k = 0; k <= HALF; k += HALF) {
    vector real[HALF + 1], imaginary[HALF + 1], x[SIZE];
    UNROLL for (int j = 0; j <= HALF; j++) {
      real[j] = AT(spectrum);
      imaginary[j] = AT(spectrum + LANES);
      spectrum += stride;
    }
    TRANSFORM(real_inverse)(real, imaginary, outputs, x);
    UNROLL for (int y = 0; y < outputs; y++) rows[y][0][k] = x[y];
  }
  for (int k = 1; k < HALF; k++) {
    vector real[SIZE], imaginary[SIZE], r[SIZE], i[SIZE];
    UNROLL for (int j = 0; j < SIZE; j++) {
      real[j] = AT(spectrum);
      imaginary[j] = AT(spectrum + LANES);
      spectrum += stride;
    }
    TRANSFORM(complex_forward)(imaginary, real, SIZE, outputs, i, r);
    UNROLL for (int y = 0; y < outputs; y++) rows[y][0][k] = r[y], rows[y][1][k] = i[y];
  }
  for (int y = 0; y < outputs; y++) {
    vector x[SIZE];
    TRANSFORM(real_inverse)(rows[y][0], rows[y][1], outputs, x);
    UNROLL for (int i = 0; i < outputs; i++) tile[y * outputs + i] = x[i];
  }
}

#undef SINE
#undef COSINE
