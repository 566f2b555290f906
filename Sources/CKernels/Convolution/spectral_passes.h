// The passes of a convolution by spectra for tiles of one SIZE; included once for each, behind
// spectral_transforms.h.
//
// Spectra lie bin by bin, `stride` numbers from one to the next, which is an odd number of cache lines
// so that bins do not compete for the same places of a cache. Within a bin, each value is a vector of
// real parts and one of imaginary parts.
//   source: axes (group, tile, bin, sample, in block) or, with samples in lanes, (group, tile, bin, in)
//   weights, forward and gradient: axes (bin, in, out block);  transposed: (bin, in block, out)
//   a tile's result: axes (bin, sample, out block);  its source gradient: (bin, sample)

#define VALID (SIZE - KERNEL + 1)

typedef struct {
  int rows, columns;             // tiles in a plane
  int in_height, in_width;
  int in_blocks, out_blocks;     // in_blocks is 0 with samples in lanes
  ptrdiff_t source_stride, weight_stride, result_stride, gradient_stride;
  ptrdiff_t group_size;          // of a group's source spectra
} TRANSFORM(layout);

VECTOR_INLINE TRANSFORM(layout) TRANSFORM(layout_of)(const spectral_shape *shape) {
  TRANSFORM(layout) l;
  l.rows = (shape->out_height + VALID - 1) / VALID;
  l.columns = (shape->out_width + VALID - 1) / VALID;
  l.in_height = shape->out_height + KERNEL - 1;
  l.in_width = shape->out_width + KERNEL - 1;
  l.in_blocks = shape->in_channels % LANES ? 0 : shape->in_channels / LANES;
  l.out_blocks = shape->out_channels / LANES;
  const ptrdiff_t in = l.in_blocks ? SPECTRAL_GROUP * l.in_blocks : shape->in_channels;
  l.source_stride = in * PAIR + LANES;
  l.weight_stride = (ptrdiff_t)shape->in_channels * l.out_blocks * PAIR + LANES;
  l.result_stride = SPECTRAL_GROUP * l.out_blocks * PAIR + LANES;
  l.gradient_stride = SPECTRAL_GROUP * PAIR + LANES;
  l.group_size = l.rows * l.columns * BINS * l.source_stride;
  return l;
}

static VECTORIZED size_t TRANSFORM(source_count)(const spectral_shape *shape) {
  const int groups = (shape->samples + SPECTRAL_GROUP - 1) / SPECTRAL_GROUP;
  return (size_t)(groups * TRANSFORM(layout_of)(shape).group_size);
}

static VECTORIZED size_t TRANSFORM(weight_count)(const spectral_shape *shape) {
  return (size_t)(BINS * TRANSFORM(layout_of)(shape).weight_stride);
}

static VECTORIZED size_t TRANSFORM(scratch_count)(const spectral_shape *shape) {
  const TRANSFORM(layout) l = TRANSFORM(layout_of)(shape);
  return (size_t)(BINS * (l.result_stride + l.gradient_stride));
}

// Functions of their own, so that each is compiled once.
VECTOR_LEAF void TRANSFORM(source_tile)(const float *plane, ptrdiff_t row, float *spectrum,
                                        ptrdiff_t stride) {
  TRANSFORM(plane_forward)(plane, row, SIZE, 1, spectrum, stride);
}
VECTOR_LEAF void TRANSFORM(result_tile)(const float *plane, ptrdiff_t row, float *spectrum,
                                        ptrdiff_t stride) {
  TRANSFORM(plane_forward)(plane, row, VALID, 1, spectrum, stride);
}
VECTOR_LEAF void TRANSFORM(kernel_tile)(const float *plane, ptrdiff_t row, float *spectrum,
                                        ptrdiff_t stride) {
  TRANSFORM(plane_forward)(plane, row, KERNEL, 1.0f / (SIZE * SIZE), spectrum, stride);
}
VECTOR_LEAF void TRANSFORM(source_values)(const float *spectrum, ptrdiff_t stride, vector *tile) {
  TRANSFORM(plane_inverse)(spectrum, stride, SIZE, tile);
}
VECTOR_LEAF void TRANSFORM(result_values)(const float *spectrum, ptrdiff_t stride, vector *tile) {
  TRANSFORM(plane_inverse)(spectrum, stride, VALID, tile);
}
VECTOR_LEAF void TRANSFORM(kernel_values)(const float *spectrum, ptrdiff_t stride, vector *tile) {
  TRANSFORM(plane_inverse)(spectrum, stride, KERNEL, tile);
}

// The spectrum of the tile at (y, x) of a plane of the source, 0 beyond its edge.
VECTOR_INLINE void TRANSFORM(transform_tile)(const float *plane, int height, int width, int y, int x,
                                             float *spectrum, ptrdiff_t stride) {
  const float *tile = plane + ((ptrdiff_t)y * width + x) * LANES;
  const ptrdiff_t row = (ptrdiff_t)width * LANES;
  if (y + SIZE <= height && x + SIZE <= width) {
    TRANSFORM(source_tile)(tile, row, spectrum, stride);
    return;
  }
  vector padded[SIZE * SIZE];
  const int rows = height - y < SIZE ? height - y : SIZE, columns = width - x < SIZE ? width - x : SIZE;
  for (int i = 0; i < SIZE * SIZE; i++) padded[i] = 0;
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) padded[i * SIZE + j] = AT(tile + i * row + j * LANES);
  TRANSFORM(source_tile)((const float *)padded, SIZE * LANES, spectrum, stride);
}

// MARK: Weights

static VECTORIZED void TRANSFORM(transform_weights)(const spectral_shape *shape, const float *weight,
                                                    float *spectra) {
  const TRANSFORM(layout) l = TRANSFORM(layout_of)(shape);
  for (int o = 0; o < l.out_blocks; o++) {
    for (int i = 0; i < shape->in_channels; i++) {
      vector kernel[PLACES];
      for (int k = 0; k < PLACES; k++) kernel[k] = AT(weight_place(weight, shape->in_channels, o, i, k));
      TRANSFORM(kernel_tile)((const float *)kernel, KERNEL * LANES,
                             spectra + ((ptrdiff_t)i * l.out_blocks + o) * PAIR, l.weight_stride);
    }
  }
}

static VECTORIZED void TRANSFORM(transform_transposed_weights)(const spectral_shape *shape,
                                                               const float *weight, float *spectra) {
  const TRANSFORM(layout) l = TRANSFORM(layout_of)(shape);
  for (int o = 0; o < l.out_blocks; o++) {
    for (int i = 0; i < l.in_blocks; i++) {
      // Axes (out, place) of vectors over the in channels.
      vector kernels[LANES][PLACES];
      for (int k = 0; k < PLACES; k++) {
        vector rows[LANES];
        const float *block = weight_place(weight, shape->in_channels, o, i * LANES, k);
        UNROLL for (int r = 0; r < LANES; r++) rows[r] = AT(block + r * LANES);
        TRANSPOSE(rows);
        UNROLL for (int r = 0; r < LANES; r++) kernels[r][k] = rows[r];
      }
      for (int r = 0; r < LANES; r++)
        TRANSFORM(kernel_tile)(
            (const float *)kernels[r], KERNEL * LANES,
            spectra + ((ptrdiff_t)i * shape->out_channels + o * LANES + r) * PAIR, l.weight_stride);
    }
  }
}

static VECTORIZED void TRANSFORM(weight_gradient)(const spectral_shape *shape, const float *spectra,
                                                  float *weight_gradient) {
  const TRANSFORM(layout) l = TRANSFORM(layout_of)(shape);
  for (int o = 0; o < l.out_blocks; o++) {
    for (int i = 0; i < shape->in_channels; i++) {
      vector kernel[PLACES];
      TRANSFORM(kernel_values)(spectra + ((ptrdiff_t)i * l.out_blocks + o) * PAIR, l.weight_stride, kernel);
      for (int k = 0; k < PLACES; k++)
        PUT(weight_place(weight_gradient, shape->in_channels, o, i, k)) =
            (1.0f / (SIZE * SIZE)) * kernel[k];
    }
  }
}

// MARK: Forward

VECTOR_INLINE void TRANSFORM(transform_source)(const TRANSFORM(layout) *l, const spectral_shape *shape,
                                               const float *source, int samples, int y, int x,
                                               float *spectra) {
  const int planes = l->in_blocks ? samples * l->in_blocks : shape->in_channels;
  for (int p = 0; p < planes; p++)
    TRANSFORM(transform_tile)(source + (ptrdiff_t)p * l->in_height * l->in_width * LANES, l->in_height,
                              l->in_width, y, x, spectra + p * PAIR, l->source_stride);
}

// Writes the tile at (y, x) of a sample's plane as far as it lies in it, and adds it to the moments.
VECTOR_INLINE void TRANSFORM(store_result)(const spectral_shape *shape, const vector *tile, int y, int x,
                                           const float *bias, int relu, const spectral_moments *moments,
                                           int is_first, float *plane) {
  const int rows = shape->out_height - y < VALID ? shape->out_height - y : VALID;
  const int columns = shape->out_width - x < VALID ? shape->out_width - x : VALID;
  if (moments && is_first) {
    PUT(moments->base) = tile[0] + AT(bias);
    memset(moments->sums, 0, LANES * sizeof(double));
    memset(moments->squares, 0, LANES * sizeof(double));
  }
  const vector base = moments ? (vector)AT(moments->base) : (vector)0;
  for (int i = 0; i < rows; i++) {
    float *target = plane + ((ptrdiff_t)(y + i) * shape->out_width + x) * LANES;
    vector sum = 0, square = 0;
    for (int j = 0; j < columns; j++) {
      const vector value = tile[i * VALID + j] + AT(bias);
      // As PyTorch's ReLU: NaN stays.
      PUT(target + j * LANES) = relu ? (value < 0 ? (vector)0 : value) : value;
      if (moments) {
        const vector difference = value - base;
        sum += difference;
        square = FMA(difference, difference, square);
      }
    }
    if (moments) {
      *(stored_doubles *)moments->sums += __builtin_convertvector(sum, doubles);
      *(stored_doubles *)moments->squares += __builtin_convertvector(square, doubles);
    }
  }
}

static VECTORIZED void TRANSFORM(forward)(const spectral_shape *shape, const float *source,
                                          const float *weight_spectra, const float *bias, int relu,
                                          const spectral_moments *moments, int is_first,
                                          float *source_spectra, float *scratch, float *result) {
  const TRANSFORM(layout) l = TRANSFORM(layout_of)(shape);
  const ptrdiff_t in_sample = (ptrdiff_t)shape->in_channels * l.in_height * l.in_width;
  const ptrdiff_t out_plane = (ptrdiff_t)shape->out_height * shape->out_width * LANES;
  for (int first = 0; first < shape->samples; first += SPECTRAL_GROUP) {
    const int samples = shape->samples - first < SPECTRAL_GROUP ? shape->samples - first : SPECTRAL_GROUP;
    for (int t = 0; t < l.rows * l.columns; t++) {
      const int y = t / l.columns * VALID, x = t % l.columns * VALID;
      TRANSFORM(transform_source)(&l, shape, source + first * in_sample, samples, y, x, source_spectra);
      for (int bin = 0; bin < BINS; bin++)
        VARIANT(multiply_forward)(shape->in_channels, l.in_blocks, l.out_blocks, samples,
                                  source_spectra + bin * l.source_stride,
                                  weight_spectra + bin * l.weight_stride,
                                  scratch + bin * l.result_stride);
      for (int p = 0; p < samples * l.out_blocks; p++) {
        vector tile[VALID * VALID];
        TRANSFORM(result_values)(scratch + p * PAIR, l.result_stride, tile);
        const ptrdiff_t channel = p % l.out_blocks * LANES;
        const spectral_moments sums = {moments ? moments->base + channel : 0,
                                       moments ? moments->sums + channel : 0,
                                       moments ? moments->squares + channel : 0};
        TRANSFORM(store_result)(shape, tile, y, x, bias + channel, relu, moments ? &sums : 0,
                                is_first && first == 0 && t == 0 && p < l.out_blocks,
                                result + ((ptrdiff_t)first * l.out_blocks + p) * out_plane);
      }
      source_spectra += BINS * l.source_stride;
    }
  }
}

// MARK: Backward

// The tile at (y, x) of the gradient by the result, 0 beyond its edge; y and x are even.
//   place: samples and blocks before this one.  block: of the channels.
VECTOR_INLINE void TRANSFORM(gradient_tile)(const spectral_shape *shape, const spectral_upstream *upstream,
                                            ptrdiff_t place, int block, int y, int x, vector *tile) {
  const int height = shape->out_height, width = shape->out_width;
  const int rows = height - y < VALID ? height - y : VALID;
  const int columns = width - x < VALID ? width - x : VALID;
  vector strength = 1;
  if (!upstream->coefficients || rows < VALID || columns < VALID)
    for (int i = 0; i < VALID * VALID; i++) tile[i] = 0;
  if (upstream->coefficients) {
    const float *coefficients = upstream->coefficients + block * LANES;
    const float *plane = upstream->result + place * height * width * LANES;
    strength = AT(coefficients);
    const vector slope = AT(coefficients + shape->out_channels);
    const vector intercept = AT(coefficients + 2 * shape->out_channels);
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < columns; j++)
        tile[i * VALID + j] =
            FMA(slope, AT(plane + ((ptrdiff_t)(y + i) * width + x + j) * LANES), intercept);
  }
  const ptrdiff_t pooled = place * (height / 2) * (width / 2);
  for (int i = 0; i + 1 < rows; i += 2) {
    for (int j = 0; j + 1 < columns; j += 2) {
      const ptrdiff_t at = (pooled + (y + i) / 2 * (width / 2) + (x + j) / 2) * LANES;
      const vector gradient = strength * AT(upstream->pooled_gradient + at);
      const integers chosen =
          __builtin_convertvector(*(const stored_bytes *)(upstream->choice + at), integers);
      vector *corner = tile + i * VALID + j;
      corner[0] += chosen == 0 ? gradient : (vector)0;
      corner[1] += chosen == 1 ? gradient : (vector)0;
      corner[VALID] += chosen == 2 ? gradient : (vector)0;
      corner[VALID + 1] += chosen == 3 ? gradient : (vector)0;
    }
  }
}

// Writes the tile at (y, x) of a plane, or adds it where tiles overlap, as far as it lies in it.
VECTOR_INLINE void TRANSFORM(store_gradient)(const TRANSFORM(layout) *l, const vector *tile, int y,
                                             int x, float *plane) {
  const int adds = l->rows * l->columns > 1;
  const int rows = l->in_height - y < SIZE ? l->in_height - y : SIZE;
  const int columns = l->in_width - x < SIZE ? l->in_width - x : SIZE;
  for (int i = 0; i < rows; i++) {
    float *target = plane + ((ptrdiff_t)(y + i) * l->in_width + x) * LANES;
    for (int j = 0; j < columns; j++) {
      const vector value = tile[i * SIZE + j];
      PUT(target + j * LANES) = adds ? AT(target + j * LANES) + value : value;
    }
  }
}

static VECTORIZED void TRANSFORM(backward)(const spectral_shape *shape, const spectral_upstream *upstream,
                                           const float *source_spectra, const float *transposed_spectra,
                                           int is_first, float *gradient_spectra, float *bias_gradient,
                                           float *scratch, float *source_gradient) {
  const TRANSFORM(layout) l = TRANSFORM(layout_of)(shape);
  const ptrdiff_t in_plane = (ptrdiff_t)l.in_height * l.in_width * LANES;
  float *products = scratch + BINS * l.result_stride;
  if (is_first) memset(bias_gradient, 0, (size_t)shape->out_channels * sizeof(float));
  if (source_gradient && l.rows * l.columns > 1)
    memset(source_gradient, 0, (size_t)(shape->samples * l.in_blocks * in_plane) * sizeof(float));
  for (int first = 0; first < shape->samples; first += SPECTRAL_GROUP) {
    const int samples = shape->samples - first < SPECTRAL_GROUP ? shape->samples - first : SPECTRAL_GROUP;
    for (int t = 0; t < l.rows * l.columns; t++) {
      const int y = t / l.columns * VALID, x = t % l.columns * VALID;
      for (int p = 0; p < samples * l.out_blocks; p++) {
        vector tile[VALID * VALID];
        TRANSFORM(gradient_tile)(shape, upstream, (ptrdiff_t)first * l.out_blocks + p, p % l.out_blocks, y,
                                 x, tile);
        TRANSFORM(result_tile)((const float *)tile, VALID * LANES, scratch + p * PAIR, l.result_stride);
        // The sum over a tile is its spectrum at frequency 0.
        float *sums = bias_gradient + p % l.out_blocks * LANES;
        PUT(sums) = AT(sums) + AT(scratch + p * PAIR);
      }
      for (int bin = 0; bin < BINS; bin++)
        VARIANT(multiply_by_weight)(shape->in_channels, l.in_blocks, l.out_blocks, samples,
                                    is_first && first == 0 && t == 0,
                                    source_spectra + bin * l.source_stride,
                                    scratch + bin * l.result_stride,
                                    gradient_spectra + bin * l.weight_stride);
      source_spectra += BINS * l.source_stride;
      for (int block = 0; source_gradient && block < l.in_blocks; block++) {
        for (int bin = 0; bin < BINS; bin++)
          VARIANT(multiply_by_source)(l.out_blocks, samples, scratch + bin * l.result_stride,
                                      transposed_spectra + bin * l.weight_stride +
                                          (ptrdiff_t)block * shape->out_channels * PAIR,
                                      products + bin * l.gradient_stride);
        for (int n = 0; n < samples; n++) {
          vector tile[SIZE * SIZE];
          TRANSFORM(source_values)(products + n * PAIR, l.gradient_stride, tile);
          TRANSFORM(store_gradient)(
              &l, tile, y, x, source_gradient + ((ptrdiff_t)(first + n) * l.in_blocks + block) * in_plane);
        }
      }
    }
  }
}

static const spectral_functions TRANSFORM(functions) = {
    TRANSFORM(source_count),
    TRANSFORM(weight_count),
    TRANSFORM(scratch_count),
    TRANSFORM(transform_weights),
    TRANSFORM(transform_transposed_weights),
    TRANSFORM(forward),
    TRANSFORM(backward),
    TRANSFORM(weight_gradient),
};

#undef VALID
