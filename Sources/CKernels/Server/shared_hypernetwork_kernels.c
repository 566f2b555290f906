#include "shared_hypernetwork_kernels.h"

#include "bank_kernels.h"
#include "../Shared/lane_sums.h"
#include "../Shared/processors.h"

// Results must be the same wherever they are computed.
#pragma STDC FP_CONTRACT OFF

// A hundred columns are six vectors and a short one.
typedef float short_vector __attribute__((ext_vector_type(4)));
typedef float stored_short __attribute__((ext_vector_type(4), aligned(4)));
typedef double stored_doubles __attribute__((ext_vector_type(16), aligned(8)));
typedef double stored_doubles4 __attribute__((ext_vector_type(4), aligned(8)));

// MARK: Products with inputs

typedef int mask_vector __attribute__((ext_vector_type(16)));

// Reads the last columns of a row, 0 behind them. `beyond` says whether memory behind them may be read.
INLINE void read_last(const float *row, ptrdiff_t columns, int beyond, vector *values) {
  if (beyond) {
    const mask_vector lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const vector read = AT(row);
    *values = (vector)((mask_vector)read & (lane < (mask_vector)(int)columns));
  } else {
    *values = 0;
    for (ptrdiff_t i = 0; i < columns; i++) (*values)[i] = row[i];
  }
}

INLINE void apply_row(const float *row, float bias, ptrdiff_t hidden, int beyond, const float *inputs,
                      int count, float *results, ptrdiff_t rows) {
  const ptrdiff_t padded = (hidden + HEAD_PADDING - 1) / HEAD_PADDING * HEAD_PADDING;
  double products[HEAD_MAXIMUM_SHARED] = {0};
  for (ptrdiff_t start = 0; start < hidden; start += BANK_STRETCH) {
    const ptrdiff_t end = hidden - start < BANK_STRETCH ? hidden : start + BANK_STRETCH;
    vector lanes[HEAD_MAXIMUM_SHARED];
#pragma unroll
    for (int r = 0; r < count; r++) lanes[r] = 0;
    ptrdiff_t i = start;
    for (; i + LANES <= end; i += LANES) {
      const vector x = AT(row + i);
#pragma unroll
      for (int r = 0; r < count; r++) lanes[r] += x * AT(inputs + r * padded + i);
    }
    if (i < end) {
      vector x;
      read_last(row + i, end - i, beyond, &x);
#pragma unroll
      for (int r = 0; r < count; r++) lanes[r] += x * AT(inputs + r * padded + i);
    }
#pragma unroll
    for (int r = 0; r < count; r++) products[r] += sum_of(&lanes[r]);
  }
#pragma unroll
  for (int r = 0; r < count; r++) results[r * rows] = bias + (float)products[r];
}

#define APPLY(shared)                                                                              \
  case shared:                                                                                     \
    for (ptrdiff_t row = 0; row < rows; row++)                                                     \
      apply_row(weights + row * hidden, biases[row], hidden, rows - row > LANES, inputs, shared,   \
                results + row, rows);                                                              \
    break

FOR_EACH_PROCESSOR
void head_apply(const float *weights, const float *biases, ptrdiff_t rows, ptrdiff_t hidden,
                const float *inputs, int count, float *results) {
  switch (count) {
    APPLY(1);
    APPLY(2);
    APPLY(3);
    APPLY(4);
    APPLY(5);
    APPLY(6);
    APPLY(7);
    APPLY(8);
  }
}

// MARK: Products with changes

// Rows that are summed in single precision.
enum { STRETCH_ROWS = 64 };

#define ADD_COLUMNS(type, stored, totals_type, width, count)                                                    \
  {                                                                                                \
    type sums[count];                                                                              \
    _Pragma("unroll") for (int k = 0; k < count; k++) sums[k] = 0;                                 \
    for (ptrdiff_t row = 0; row < rows; row++)                                                     \
      _Pragma("unroll") for (int k = 0; k < count; k++)                                            \
        sums[k] += factors[row] * (type)*(const stored *)(weights + row * hidden + i + k * width); \
    _Pragma("unroll") for (int k = 0; k < count; k++)                                              \
      *(totals_type *)(totals + i + k * width) += __builtin_convertvector(sums[k], totals_type);   \
  }

INLINE void add_stretch(const float *factors, const float *weights, ptrdiff_t rows, ptrdiff_t hidden,
                        double *totals) {
  ptrdiff_t i = 0;
  for (; i + 4 * LANES <= hidden; i += 4 * LANES) ADD_COLUMNS(vector, stored, stored_doubles, LANES, 4)
  for (; i + 2 * LANES <= hidden; i += 2 * LANES) ADD_COLUMNS(vector, stored, stored_doubles, LANES, 2)
  for (; i + LANES <= hidden; i += LANES) ADD_COLUMNS(vector, stored, stored_doubles, LANES, 1)
  for (; i + 4 <= hidden; i += 4) ADD_COLUMNS(short_vector, stored_short, stored_doubles4, 4, 1)
  for (; i < hidden; i++) {
    float sum = 0;
    for (ptrdiff_t row = 0; row < rows; row++) sum += factors[row] * weights[row * hidden + i];
    totals[i] += (double)sum;
  }
}

FOR_EACH_PROCESSOR
void head_add_products(const float *const *changes, ptrdiff_t participants, float factor,
                       const float *weights, ptrdiff_t rows, ptrdiff_t hidden, double *totals) {
  for (ptrdiff_t start = 0; start < rows; start += STRETCH_ROWS) {
    const ptrdiff_t count = rows - start < STRETCH_ROWS ? rows - start : STRETCH_ROWS;
    for (ptrdiff_t p = 0; p < participants; p++) {
      float factors[STRETCH_ROWS];
      for (ptrdiff_t row = 0; row < count; row++) factors[row] = factor * changes[p][start + row];
      add_stretch(factors, weights + start * hidden, count, hidden, totals + p * hidden);
    }
  }
}

// MARK: Descent

#define DESCEND(type, stored)                                                                      \
  {                                                                                                \
    type gradient = 0;                                                                             \
    for (ptrdiff_t p = 0; p < participants; p++)                                                   \
      gradient += factors[p * rows + row] * (type)*(const stored *)(features + p * hidden + i);    \
    const type old = *(const stored *)(w + i);                                                     \
    const type moved =                                                                             \
        d.momentum * (type)*(const stored *)(v + i) + (gradient + d.weight_decay * old);           \
    *(stored *)(v + i) = moved;                                                                    \
    *(stored *)(w + i) = old - d.rate * moved;                                                     \
  }

FOR_EACH_PROCESSOR
void head_descend(float *weights, float *velocity, ptrdiff_t rows, ptrdiff_t hidden,
                  const float *factors, const float *features, ptrdiff_t participants,
                  head_descent d) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    float *w = weights + row * hidden, *v = velocity + row * hidden;
    ptrdiff_t i = 0;
    for (; i + LANES <= hidden; i += LANES) DESCEND(vector, stored)
    for (; i + 4 <= hidden; i += 4) DESCEND(short_vector, stored_short)
    for (; i < hidden; i++) DESCEND(float, float)
  }
}
