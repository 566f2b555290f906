// One variant of the kernels of a fully connected layer: see vectors.h.

// As much of a vector as lies before `end`, then 0. (Through memory: vectors are no arguments where
// they are not registers.)
VECTOR_INLINE void VARIANT(load_part)(const float *start, const float *end, vector *value) {
  if (end - start >= LANES) {
    *value = AT(start);
    return;
  }
  *value = 0;
  if (end > start) memcpy(value, start, (size_t)(end - start) * sizeof(float));
}

VECTOR_INLINE void VARIANT(store_part)(const vector *value, float *start, const float *end) {
  if (end - start >= LANES) PUT(start) = *value;
  else if (end > start) memcpy(start, value, (size_t)(end - start) * sizeof(float));
}

// sums[r][v] = Σ a[r, k] · b[k, v].
VECTOR_INLINE void VARIANT(multiply)(const int rows, const int vectors, const product *p,
                                     vector (*sums)[MOST_VECTORS]) {
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = 0;
  const float *a = p->a, *b = p->b;
  for (int k = 0; k < p->count; k++, a += p->step, b += p->b_step) {
    vector values[MOST_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) values[v] = AT(b + v * p->b_vector);
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = FMA(a[r * p->row], values[v], sums[r][v]);
  }
}

// MARK: Forward

VECTOR_INLINE void VARIANT(forward_rows)(const connected_shape *shape, const int rows, const int vectors,
                                         int first, int block, const float *source, const float *weight,
                                         const float *bias, int relu, float *result) {
  const ptrdiff_t panel = filled_up(shape->inputs) * LANES;
  const product p = {.a = source + (ptrdiff_t)first * shape->source_stride, .row = shape->source_stride,
                     .step = 1, .b = weight + block * panel, .b_step = LANES, .b_vector = panel,
                     .count = shape->inputs};
  vector sums[MOST_PLACES][MOST_VECTORS];
  VARIANT(multiply)(rows, vectors, &p, sums);
  UNROLL for (int v = 0; v < vectors; v++) {
    const ptrdiff_t output = (block + v) * LANES;
    vector shift;
    VARIANT(load_part)(bias + output, bias + shape->outputs, &shift);
    UNROLL for (int r = 0; r < rows; r++) {
      vector value = sums[r][v] + shift;
      float *row = result + (ptrdiff_t)(first + r) * shape->result_stride;
      // As PyTorch's ReLU: NaN stays.
      if (relu) value = value < 0 ? (vector)0 : value;
      VARIANT(store_part)(&value, row + output, row + shape->result_stride);
    }
  }
}

#define FORWARD(rows, vectors)                                                                    \
  for (; (rows) <= MOST_ROWS && n + (rows) <= shape->samples; n += (rows))                        \
  VARIANT(forward_rows)(shape, rows, vectors, n, block, source, weight, bias, relu, result)

static VECTORIZED void VARIANT(connected_forward)(const connected_shape *shape, const float *source,
                                                  const float *weight, const float *bias, int relu,
                                                  float *result) {
  const int blocks = (int)(filled_up(shape->outputs) / LANES);
  for (int block = 0; block < blocks; block += MOST_VECTORS) {
    int n = 0;
    if (block + MOST_VECTORS <= blocks) {
      FORWARD(8, 2);
      FORWARD(4, 2);
      FORWARD(2, 2);
      FORWARD(1, 2);
    } else {
      FORWARD(8, 1);
      FORWARD(4, 1);
      FORWARD(2, 1);
      FORWARD(1, 1);
    }
  }
}

// MARK: Backward

// The gradient by what the ReLU was given, axes (sample, output) filled up, and the same transposed.
VECTOR_INLINE void VARIANT(prepare)(const connected_shape *shape, const float *result,
                                    const float *result_gradient, float *bias_gradient, float *gradient,
                                    float *transposed) {
  const ptrdiff_t outputs = filled_up(shape->outputs), samples = filled_up(shape->samples);
  for (ptrdiff_t output = 0; output < outputs; output += LANES) {
    vector sum = 0;
    for (ptrdiff_t first = 0; first < samples; first += LANES) {
      vector rows[LANES];
      for (ptrdiff_t r = 0; r < LANES; r++) {
        const ptrdiff_t n = first + r;
        rows[r] = 0;
        if (n >= shape->samples) continue;
        const ptrdiff_t row = n * shape->result_stride, at = row + output, end = row + shape->outputs;
        vector value, activated = 1;
        VARIANT(load_part)(result_gradient + at, result_gradient + end, &value);
        if (result) VARIANT(load_part)(result + at, result + end, &activated);
        // As PyTorch's ReLU: the gradient stops where the result is 0, not where it is NaN.
        value = activated <= 0 ? (vector)0 : value;
        sum += value;
        PUT(gradient + n * outputs + output) = value;
        rows[r] = value;
      }
      TRANSPOSE(rows);
      UNROLL for (int i = 0; i < LANES; i++) PUT(transposed + (output + i) * samples + first) = rows[i];
    }
    VARIANT(store_part)(&sum, bias_gradient + output, bias_gradient + shape->outputs);
  }
}

VECTOR_INLINE void VARIANT(weight_rows)(const connected_shape *shape, const int rows, const int vectors,
                                        int input, int block, const float *source, const float *gradient,
                                        float *weight_gradient) {
  const ptrdiff_t panel = filled_up(shape->inputs) * LANES;
  const product p = {.a = source + input, .row = 1, .step = shape->source_stride,
                     .b = gradient + block * LANES, .b_step = filled_up(shape->outputs),
                     .b_vector = LANES, .count = shape->samples};
  vector sums[MOST_PLACES][MOST_VECTORS];
  VARIANT(multiply)(rows, vectors, &p, sums);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++)
      PUT(weight_gradient + (block + v) * panel + (input + r) * LANES) = sums[r][v];
}

#define WEIGHTS(rows, vectors)                                                                    \
  for (; input + (rows) <= shape->inputs; input += (rows))                                        \
  VARIANT(weight_rows)(shape, rows, vectors, input, block, source, gradient, weight_gradient)

// Adds to the sums of some inputs, axes (vector, input, sample in vector), what sixteen outputs give.
VECTOR_INLINE void VARIANT(add_outputs)(const int rows, const int vectors, ptrdiff_t samples,
                                        const float *weight, const float *transposed, float *sums) {
  vector totals[MOST_PLACES][MOST_VECTORS];
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) totals[r][v] = AT(sums + (v * INPUTS + r) * LANES);
  for (int k = 0; k < LANES; k++) {
    vector values[MOST_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) values[v] = AT(transposed + k * samples + v * LANES);
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        totals[r][v] = FMA(weight[r * LANES + k], values[v], totals[r][v]);
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) PUT(sums + (v * INPUTS + r) * LANES) = totals[r][v];
}

// The gradient by the source: by up to INPUTS inputs of 16 · vectors samples, whose sums stay in the cache while the
// weights are read panel by panel.
VECTOR_INLINE void VARIANT(source_rows)(const connected_shape *shape, const int vectors, ptrdiff_t input,
                                        ptrdiff_t first, const float *weight, const float *transposed,
                                        float *source_gradient) {
  const int rows = vectors == 1 ? MOST_PLACES : MOST_ROWS;
  const ptrdiff_t samples = filled_up(shape->samples), filled = filled_up(shape->inputs);
  const int count = filled - input < INPUTS ? (int)(filled - input) : INPUTS;
  _Alignas(64) float sums[MOST_VECTORS * INPUTS * LANES];
  memset(sums, 0, (size_t)vectors * INPUTS * LANES * sizeof(float));
  for (ptrdiff_t output = 0; output < filled_up(shape->outputs); output += LANES) {
    const float *panel = weight + output * filled + input * LANES;
    const float *gradient = transposed + output * samples + first;
    int r = 0;
    for (; r + rows <= count; r += rows)
      VARIANT(add_outputs)(rows, vectors, samples, panel + r * LANES, gradient, sums + r * LANES);
    for (; r < count; r++)
      VARIANT(add_outputs)(1, vectors, samples, panel + r * LANES, gradient, sums + r * LANES);
  }
  for (int v = 0; v < vectors; v++)
    for (int start = 0; start < count; start += LANES) {
      vector tile[LANES];
      UNROLL for (int r = 0; r < LANES; r++) tile[r] = AT(sums + (v * INPUTS + start + r) * LANES);
      TRANSPOSE(tile);
      for (ptrdiff_t r = 0, n = first + v * LANES; r < LANES && n + r < shape->samples; r++) {
        float *row = source_gradient + (n + r) * shape->source_stride;
        VARIANT(store_part)(&tile[r], row + input + start, row + shape->source_stride);
      }
    }
}

static VECTORIZED void VARIANT(connected_backward)(const connected_shape *shape, const float *source,
                                                   const float *weight, const float *result,
                                                   const float *result_gradient, float *scratch,
                                                   float *weight_gradient, float *bias_gradient,
                                                   float *source_gradient) {
  const ptrdiff_t outputs = filled_up(shape->outputs), samples = filled_up(shape->samples);
  const int blocks = (int)(outputs / LANES);
  float *gradient = scratch, *transposed = scratch + outputs * shape->samples;
  VARIANT(prepare)(shape, result, result_gradient, bias_gradient, gradient, transposed);
  // Panels of the weights' gradient are written from beginning to end.
  int block = 0;
  for (; block + MOST_VECTORS <= blocks; block += MOST_VECTORS) {
    int input = 0;
    WEIGHTS(MOST_ROWS, 2);
    WEIGHTS(1, 2);
  }
  for (; block < blocks; block++) {
    int input = 0;
    WEIGHTS(MOST_PLACES, 1);
    WEIGHTS(1, 1);
  }
  for (ptrdiff_t input = 0; source_gradient && input < shape->inputs; input += INPUTS) {
    ptrdiff_t first = 0;
    for (; first + 2 * LANES <= samples; first += 2 * LANES)
      VARIANT(source_rows)(shape, 2, input, first, weight, transposed, source_gradient);
    for (; first < samples; first += LANES)
      VARIANT(source_rows)(shape, 1, input, first, weight, transposed, source_gradient);
  }
}

#undef WEIGHTS
#undef FORWARD
