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

// sums[r][v] += Σ a[r, k] · b[k, v].
VECTOR_INLINE void VARIANT(multiply)(const int rows, const int vectors, const product *p,
                                     vector (*sums)[MOST_VECTORS]) {
  const float *a = p->a, *b = p->b;
  for (int k = 0; k < p->count; k++, a += p->step, b += LANES) {
    vector values[MOST_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) values[v] = AT(b + v * p->b_vector);
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = FMA(a[r * p->row], values[v], sums[r][v]);
  }
}

// MARK: Forward

// Some inputs of some samples, added to what earlier inputs gave, which is kept where the result will be.
VECTOR_INLINE void VARIANT(forward_rows)(const connected_shape *shape, const int rows, const int vectors,
                                         int first, int block, int input, const float *source,
                                         const float *weight, const float *bias, int relu, float *result) {
  const ptrdiff_t panel = filled_up(shape->inputs) * LANES;
  const int left = shape->inputs - input;
  const product p = {.a = source + (ptrdiff_t)first * shape->source_stride + input,
                     .row = shape->source_stride, .step = 1,
                     .b = weight + block * panel + (ptrdiff_t)input * LANES, .b_vector = panel,
                     .count = left < WEIGHTS_AT_ONCE ? left : WEIGHTS_AT_ONCE};
  vector sums[MOST_PLACES][MOST_VECTORS];
  float *start = result + (ptrdiff_t)first * shape->result_stride;
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) {
      const float *row = start + r * shape->result_stride;
      sums[r][v] = 0;
      if (input > 0) VARIANT(load_part)(row + (block + v) * LANES, row + shape->result_stride, &sums[r][v]);
    }
  VARIANT(multiply)(rows, vectors, &p, sums);
  const int isLast = p.count == left;
  UNROLL for (int v = 0; v < vectors; v++) {
    const ptrdiff_t output = (block + v) * LANES;
    vector shift = 0;
    if (isLast) VARIANT(load_part)(bias + output, bias + shape->outputs, &shift);
    UNROLL for (int r = 0; r < rows; r++) {
      vector value = isLast ? sums[r][v] + shift : sums[r][v];
      float *row = start + r * shape->result_stride;
      // As PyTorch's ReLU: NaN stays.
      if (isLast && relu) value = value < 0 ? (vector)0 : value;
      VARIANT(store_part)(&value, row + output, row + shape->result_stride);
    }
  }
}

// Panels of outputs that are worked on at a time: two where there are registers for eight rows of them.
#define PANELS (MOST_ROWS >= 8 ? 2 : 1)

// Calls STEP(rows, vectors) for all rows of one panel or a pair, as many rows at a time as have registers. The last eight of
// one panel go by fours: a six and a two would not keep the units busy.
#define BY_ROWS(isPair, r, count, STEP)                                                           \
  if (isPair) {                                                                                   \
    for (; 8 <= MOST_ROWS && r + 8 <= (count); r += 8) STEP(8, 2);                                \
    for (; 4 <= MOST_ROWS && r + 4 <= (count); r += 4) STEP(4, 2);                                \
    for (; r + 2 <= (count); r += 2) STEP(2, 2);                                                  \
    for (; r < (count); r++) STEP(1, 2);                                                          \
  } else {                                                                                        \
    for (; r + 6 <= (count) && (count) - r != 8; r += 6) STEP(6, 1);                              \
    for (; r + 4 <= (count); r += 4) STEP(4, 1);                                                  \
    for (; r + 2 <= (count); r += 2) STEP(2, 1);                                                  \
    for (; r < (count); r++) STEP(1, 1);                                                          \
  }

#define FORWARD(rows, vectors)                                                                    \
  VARIANT(forward_rows)(shape, rows, vectors, n, block, input, source, weight, bias, relu, result)

static VECTORIZED void VARIANT(connected_forward)(const connected_shape *shape, const float *source,
                                                  const float *weight, const float *bias, int relu,
                                                  float *result) {
  const int blocks = (int)(filled_up(shape->outputs) / LANES);
  for (int block = 0; block < blocks; block += PANELS)
    for (int input = 0; input < shape->inputs; input += WEIGHTS_AT_ONCE) {
      int n = 0;
      BY_ROWS(PANELS == 2 && block + 2 <= blocks, n, shape->samples, FORWARD)
    }
}

// MARK: Backward

// The gradient by what the ReLU was given, axes (output block, sample, output), and the same transposed, axes (output,
// sample), filled up.
VECTOR_INLINE void VARIANT(prepare)(const connected_shape *shape, const float *result,
                                    const float *result_gradient, float *bias_gradient, float *gradient,
                                    float *transposed) {
  const ptrdiff_t outputs = filled_up(shape->outputs), samples = filled_up(shape->samples);
  for (ptrdiff_t output = 0; output < outputs; output += LANES) {
    float *panel = gradient + output * shape->samples;
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
        PUT(panel + n * LANES) = value;
        rows[r] = value;
      }
      TRANSPOSE(rows);
      UNROLL for (int i = 0; i < LANES; i++) PUT(transposed + (output + i) * samples + first) = rows[i];
    }
    VARIANT(store_part)(&sum, bias_gradient + output, bias_gradient + shape->outputs);
  }
}

// The source in panels, axes (input block, sample, input), filled up: read column by column, many of its rows would
// share their places in the cache.
VECTOR_INLINE void VARIANT(gather_inputs)(const connected_shape *shape, const float *source, float *panels) {
  for (ptrdiff_t n = 0; n < shape->samples; n++) {
    const float *row = source + n * shape->source_stride;
    for (ptrdiff_t input = 0; input < shape->inputs; input += LANES) {
      vector value;
      VARIANT(load_part)(row + input, row + shape->inputs, &value);
      PUT(panels + input * shape->samples + n * LANES) = value;
    }
  }
}

// The gradient by the weights of some inputs, or the step that they take along it.
VECTOR_INLINE void VARIANT(weight_rows)(const int rows, const int vectors, int samples,
                                        const float *inputs, const float *gradient, ptrdiff_t panel,
                                        float *weight, float *weight_gradient, const connected_step *step) {
  const product p = {.a = inputs, .row = 1, .step = LANES, .b = gradient,
                     .b_vector = (ptrdiff_t)samples * LANES, .count = samples};
  vector sums[MOST_PLACES][MOST_VECTORS];
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = 0;
  VARIANT(multiply)(rows, vectors, &p, sums);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) {
      const ptrdiff_t place = v * panel + r * LANES;
      if (!step) {
        PUT(weight_gradient + place) = sums[r][v];
        continue;
      }
      const vector value = AT(weight + place);
      vector direction = sums[r][v];
      if (step->decay != 0) direction = direction + step->decay * value;
      PUT(weight + place) = value - step->rate * direction;
    }
}

#define WEIGHTS(rows, vectors)                                                                    \
  VARIANT(weight_rows)(rows, vectors, shape->samples, inputs + r,                                 \
                       gradient + block * LANES * shape->samples, panel, weight + place + r * LANES, \
                       weight_gradient + place + r * LANES, step)

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
                                                   float *weight, const float *result,
                                                   const float *result_gradient, float *scratch,
                                                   float *weight_gradient, float *bias_gradient,
                                                   float *source_gradient, const connected_step *step) {
  const ptrdiff_t outputs = filled_up(shape->outputs), samples = filled_up(shape->samples);
  const ptrdiff_t panel = filled_up(shape->inputs) * LANES;
  const int blocks = (int)(outputs / LANES);
  float *gradient = scratch, *transposed = gradient + outputs * shape->samples;
  float *panels = transposed + outputs * samples;
  VARIANT(prepare)(shape, result, result_gradient, bias_gradient, gradient, transposed);
  VARIANT(gather_inputs)(shape, source, panels);
  // Before the weights take their step.
  for (ptrdiff_t input = 0; source_gradient && input < shape->inputs; input += INPUTS) {
    ptrdiff_t first = 0;
    for (; first + 2 * LANES <= samples; first += 2 * LANES)
      VARIANT(source_rows)(shape, 2, input, first, weight, transposed, source_gradient);
    for (; first < samples; first += LANES)
      VARIANT(source_rows)(shape, 1, input, first, weight, transposed, source_gradient);
  }
  // Panels of the weights, or of their gradient, are written from beginning to end.
  for (int block = 0; block < blocks; block += PANELS)
    for (ptrdiff_t input = 0; input < shape->inputs; input += LANES) {
      const float *inputs = panels + input * shape->samples;
      const ptrdiff_t place = block * panel + input * LANES;
      const int count = shape->inputs - input < LANES ? (int)(shape->inputs - input) : LANES;
      int r = 0;
      BY_ROWS(PANELS == 2 && block + 2 <= blocks, r, count, WEIGHTS)
    }
}

#undef WEIGHTS
#undef FORWARD
#undef BY_ROWS
#undef PANELS
