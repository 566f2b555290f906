#include "fully_connected.h"

#include <string.h>

#include "wide_vectors.h"

#ifdef HAS_WIDE_KERNELS
enum { MOST_ROWS = 8, MOST_VECTORS = 2 };

INLINE ptrdiff_t filled_up(ptrdiff_t count) { return (count + LANES - 1) / LANES * LANES; }

// As much of a vector as lies before `end`.
INLINE vector load_part(const float *start, const float *end) {
  if (end - start >= LANES) return AT(start);
  float values[LANES] __attribute__((aligned(64))) = {0};
  if (end > start) memcpy(values, start, (size_t)(end - start) * sizeof(float));
  return *(const vector *)values;
}

INLINE void store_part(vector value, float *start, const float *end) {
  if (end - start >= LANES) PUT(start) = value;
  else if (end > start) memcpy(start, &value, (size_t)(end - start) * sizeof(float));
}

// Where the numbers of a product lie.
typedef struct {
  const float *a;  // single numbers: a[row · row + outer · outer + k · step]
  ptrdiff_t row, outer, step;
  const float *b;  // vectors, one behind the other in (outer, k): b[(outer · count + k) · b_step + v · b_vector]
  ptrdiff_t b_step, b_vector;
  int outers, count;
} product;

// sums[r][v] = Σ a[r, k] · b[k, v].
INLINE void multiply(const int rows, const int vectors, const product *p, vector (*sums)[MOST_VECTORS]) {
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = 0;
  const float *b = p->b;
  for (int outer = 0; outer < p->outers; outer++) {
    const float *a = p->a + outer * p->outer;
    for (int k = 0; k < p->count; k++, a += p->step, b += p->b_step) {
      vector values[MOST_VECTORS];
      UNROLL for (int v = 0; v < vectors; v++) values[v] = AT(b + v * p->b_vector);
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = FMA(a[r * p->row], values[v], sums[r][v]);
    }
  }
}

// MARK: Forward

INLINE void forward_rows(const connected_shape *shape, const int rows, const int vectors, int first,
                         int block, const float *source, const float *weight, const float *bias,
                         int relu, float *result) {
  const ptrdiff_t panel = filled_up(shape->inputs) * LANES;
  const product p = {.a = source + (ptrdiff_t)first * shape->source_stride, .row = shape->source_stride,
                     .step = 1, .b = weight + block * panel, .b_step = LANES, .b_vector = panel,
                     .outers = 1, .count = shape->inputs};
  vector sums[MOST_ROWS][MOST_VECTORS];
  multiply(rows, vectors, &p, sums);
  UNROLL for (int v = 0; v < vectors; v++) {
    const ptrdiff_t output = (block + v) * LANES;
    const vector shift = load_part(bias + output, bias + shape->outputs);
    UNROLL for (int r = 0; r < rows; r++) {
      const vector value = sums[r][v] + shift;
      float *row = result + (ptrdiff_t)(first + r) * shape->result_stride;
      // As PyTorch's ReLU: NaN stays.
      store_part(relu ? (value < 0 ? (vector)0 : value) : value, row + output,
                 row + shape->result_stride);
    }
  }
}

#define FORWARD(rows, vectors)                                                                    \
  for (; n + (rows) <= shape->samples; n += (rows))                                               \
  forward_rows(shape, rows, vectors, n, block, source, weight, bias, relu, result)

WIDE void connected_forward(const connected_shape *shape, const float *source, const float *weight,
                            const float *bias, int relu, float *result) {
  const int blocks = (int)(filled_up(shape->outputs) / LANES);
  for (int block = 0; block < blocks; block += MOST_VECTORS) {
    int n = 0;
    if (block + MOST_VECTORS <= blocks) {
      FORWARD(8, 2);
      FORWARD(4, 2);
      FORWARD(1, 2);
    } else {
      FORWARD(8, 1);
      FORWARD(4, 1);
      FORWARD(1, 1);
    }
  }
}

// MARK: Backward

WIDE size_t connected_scratch_count(const connected_shape *shape) {
  const ptrdiff_t outputs = filled_up(shape->outputs);
  return (size_t)(outputs * (shape->samples + filled_up(shape->samples)));
}

// The gradient by what the ReLU was given, axes (sample, output) filled up, and the same transposed.
INLINE void prepare(const connected_shape *shape, const float *result, const float *result_gradient,
                    float *bias_gradient, float *gradient, float *transposed) {
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
        vector value = load_part(result_gradient + at, result_gradient + end);
        // As PyTorch's ReLU: the gradient stops where the result is 0, not where it is NaN.
        if (result) value = load_part(result + at, result + end) <= 0 ? (vector)0 : value;
        sum += value;
        PUT(gradient + n * outputs + output) = value;
        rows[r] = value;
      }
      transpose(rows);
      UNROLL for (int i = 0; i < LANES; i++) PUT(transposed + (output + i) * samples + first) = rows[i];
    }
    store_part(sum, bias_gradient + output, bias_gradient + shape->outputs);
  }
}

INLINE void weight_rows(const connected_shape *shape, const int rows, const int vectors, int input,
                        int block, const float *source, const float *gradient,
                        float *weight_gradient) {
  const ptrdiff_t panel = filled_up(shape->inputs) * LANES;
  const product p = {.a = source + input, .row = 1, .step = shape->source_stride,
                     .b = gradient + block * LANES, .b_step = filled_up(shape->outputs),
                     .b_vector = LANES, .outers = 1, .count = shape->samples};
  vector sums[MOST_ROWS][MOST_VECTORS];
  multiply(rows, vectors, &p, sums);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++)
      PUT(weight_gradient + (block + v) * panel + (input + r) * LANES) = sums[r][v];
}

#define WEIGHTS(rows, vectors)                                                                    \
  for (; block + (vectors) <= blocks; block += (vectors))                                         \
  weight_rows(shape, rows, vectors, input, block, source, gradient, weight_gradient)

// Sixteen inputs of the gradient by the source, of 16 · vectors samples from `first` on.
INLINE void source_rows(const connected_shape *shape, const int vectors, ptrdiff_t input,
                        ptrdiff_t first, const float *weight, const float *transposed,
                        float *source_gradient) {
  const ptrdiff_t panel = filled_up(shape->inputs) * LANES;
  vector tile[MOST_VECTORS][LANES];
  for (int half = 0; half < LANES; half += MOST_ROWS) {
    const product p = {.a = weight + (input + half) * LANES, .row = LANES, .outer = panel, .step = 1,
                       .b = transposed + first, .b_step = filled_up(shape->samples),
                       .b_vector = LANES, .outers = (int)(filled_up(shape->outputs) / LANES),
                       .count = LANES};
    vector sums[MOST_ROWS][MOST_VECTORS];
    multiply(MOST_ROWS, vectors, &p, sums);
    UNROLL for (int r = 0; r < MOST_ROWS; r++)
      UNROLL for (int v = 0; v < vectors; v++) tile[v][half + r] = sums[r][v];
  }
  UNROLL for (int v = 0; v < vectors; v++) {
    transpose(tile[v]);
    for (ptrdiff_t r = 0; r < LANES && first + v * LANES + r < shape->samples; r++) {
      float *row = source_gradient + (first + v * LANES + r) * shape->source_stride;
      store_part(tile[v][r], row + input, row + shape->source_stride);
    }
  }
}

WIDE void connected_backward(const connected_shape *shape, const float *source, const float *weight,
                             const float *result, const float *result_gradient, float *scratch,
                             float *weight_gradient, float *bias_gradient, float *source_gradient) {
  const ptrdiff_t outputs = filled_up(shape->outputs), samples = filled_up(shape->samples);
  const int blocks = (int)(outputs / LANES);
  float *gradient = scratch, *transposed = scratch + outputs * shape->samples;
  prepare(shape, result, result_gradient, bias_gradient, gradient, transposed);
  int input = 0;
  for (; input + MOST_ROWS <= shape->inputs; input += MOST_ROWS) {
    int block = 0;
    WEIGHTS(MOST_ROWS, 2);
    WEIGHTS(MOST_ROWS, 1);
  }
  for (; input < shape->inputs; input++) {
    int block = 0;
    WEIGHTS(1, 2);
    WEIGHTS(1, 1);
  }
  for (ptrdiff_t i = 0; source_gradient && i < shape->inputs; i += LANES) {
    ptrdiff_t first = 0;
    for (; first + 2 * LANES <= samples; first += 2 * LANES)
      source_rows(shape, 2, i, first, weight, transposed, source_gradient);
    for (; first < samples; first += LANES)
      source_rows(shape, 1, i, first, weight, transposed, source_gradient);
  }
}

#else
size_t connected_scratch_count(const connected_shape *shape) { return 0; }
void connected_forward(const connected_shape *shape, const float *source, const float *weight,
                       const float *bias, int relu, float *result) {}
void connected_backward(const connected_shape *shape, const float *source, const float *weight,
                        const float *result, const float *result_gradient, float *scratch,
                        float *weight_gradient, float *bias_gradient, float *source_gradient) {}
#endif
