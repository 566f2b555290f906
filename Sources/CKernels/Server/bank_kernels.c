#include "bank_kernels.h"

#include <string.h>

#include "../Shared/lane_sums.h"
#include "../Shared/processors.h"

// Results must be the same wherever they are computed.
#pragma STDC FP_CONTRACT OFF

// Rows that are added and columns that are summed at a time, a multiple of LANES; rows whose products are made
// at a time.
enum { ADDED = 8, BLOCK_COLUMNS = 2048, GROUP = 4 };

// MARK: Weighted sums

// Adds `sources` rows to `targets` sums over a block of columns, and asks for the rows that come later.
// `weights` has `stride` values per row, `sums` BLOCK_COLUMNS columns per target.
INLINE void add_rows(const float *const *rows, const float *const *ahead, int sources, int targets,
                     const float *weights, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t columns,
                     float *sums) {
  ptrdiff_t i = 0;
  for (; i + LANES <= columns; i += LANES) {
    vector x[ADDED];
#pragma unroll
    for (int s = 0; s < sources; s++) x[s] = AT(rows[s] + first + i);
    if (ahead) {
#pragma unroll
      for (int s = 0; s < sources; s++) __builtin_prefetch(ahead[s] + first + i, 0, 2);
    }
#pragma unroll
    for (int t = 0; t < targets; t++) {
      vector *sum = (vector *)(sums + t * BLOCK_COLUMNS + i);
      vector value = *sum;
#pragma unroll
      for (int s = 0; s < sources; s++) value += weights[s * stride + t] * x[s];
      *sum = value;
    }
  }
  for (; i < columns; i++)
    for (int t = 0; t < targets; t++)
      for (int s = 0; s < sources; s++)
        sums[t * BLOCK_COLUMNS + i] += weights[s * stride + t] * rows[s][first + i];
}

// The same where some weights may be 0: target by target, the rows that count one by one.
INLINE void add_some_rows(const float *const *rows, int sources, int targets, const float *weights,
                          ptrdiff_t stride, ptrdiff_t first, ptrdiff_t columns, float *sums) {
  for (int t = 0; t < targets; t++)
    for (int s = 0; s < sources; s++)
      if (weights[s * stride + t] != 0)
        add_rows(rows + s, 0, 1, 1, weights + s * stride + t, stride, first, columns,
                 sums + t * BLOCK_COLUMNS);
}

INLINE int has_zero(const float *weights, ptrdiff_t stride, int sources, int targets) {
  int found = 0;
  for (int s = 0; s < sources; s++)
    for (int t = 0; t < targets; t++) found |= weights[s * stride + t] == 0;
  return found;
}

#define ADD(targets)                                                                              \
  if (is_whole && !has_zero(w + t, count, ADDED, targets))                                         \
    add_rows(rows + j, t == 0 ? ahead : 0, ADDED, targets, w + t, count, start, width,             \
             sums + t * BLOCK_COLUMNS);                                                             \
  else                                                                                            \
    add_some_rows(rows + j, sources, targets, w + t, count, start, width, sums + t * BLOCK_COLUMNS)

FOR_EACH_PROCESSOR
void bank_weighted_sums(const float *const *rows, ptrdiff_t row_count, const float *weights, int count,
                        ptrdiff_t first, ptrdiff_t columns, float *targets) {
  float sums[BANK_MAXIMUM_SHARED * BLOCK_COLUMNS] __attribute__((aligned(64)));
  for (ptrdiff_t block = 0; block < columns; block += BLOCK_COLUMNS) {
    const ptrdiff_t start = first + block;
    const ptrdiff_t width = columns - block < BLOCK_COLUMNS ? columns - block : BLOCK_COLUMNS;
    for (int t = 0; t < count; t++)
      memcpy(sums + t * BLOCK_COLUMNS, targets + t * columns + block, (size_t)width * sizeof(float));
    for (ptrdiff_t j = 0; j < row_count; j += ADDED) {
      const int is_whole = row_count - j >= ADDED;
      const int sources = is_whole ? ADDED : (int)(row_count - j);
      const float *w = weights + j * count;
      const float *const *ahead = row_count - j >= 2 * ADDED ? rows + j + ADDED : 0;
      int t = 0;
      for (; t + 4 <= count; t += 4) { ADD(4); }
      for (; t + 2 <= count; t += 2) { ADD(2); }
      for (; t < count; t++) { ADD(1); }
    }
    for (int t = 0; t < count; t++)
      memcpy(targets + t * columns + block, sums + t * BLOCK_COLUMNS, (size_t)width * sizeof(float));
  }
}

// MARK: Inner products

// Adds a stretch's part of the inner products of `sources` rows with `others` vectors, which lie in
// `values` with BANK_STRETCH columns each, 0 after the last.
INLINE void add_products(const float *const *rows, const float *const *ahead, int sources, int others,
                         ptrdiff_t first, ptrdiff_t columns, const float *values, double *products,
                         ptrdiff_t stride) {
  vector lanes[GROUP][4];
#pragma unroll
  for (int s = 0; s < sources; s++)
#pragma unroll
    for (int r = 0; r < others; r++) lanes[s][r] = 0;
  ptrdiff_t i = 0;
  for (; i + LANES <= columns; i += LANES) {
#pragma unroll
    for (int s = 0; s < sources; s++) {
      const vector x = AT(rows[s] + first + i);
      if (ahead) __builtin_prefetch(ahead[s] + first + i, 0, 2);
#pragma unroll
      for (int r = 0; r < others; r++) lanes[s][r] += x * *(const vector *)(values + r * BANK_STRETCH + i);
    }
  }
  if (i < columns) {
#pragma unroll
    for (int s = 0; s < sources; s++) {
      float rest[LANES] __attribute__((aligned(64))) = {0};
      memcpy(rest, rows[s] + first + i, (size_t)(columns - i) * sizeof(float));
#pragma unroll
      for (int r = 0; r < others; r++)
        lanes[s][r] += *(const vector *)rest * *(const vector *)(values + r * BANK_STRETCH + i);
    }
  }
#pragma unroll
  for (int s = 0; s < sources; s++)
#pragma unroll
    for (int r = 0; r < others; r++) products[s * stride + r] += sum_of(&lanes[s][r]);
}

// For few vectors, so that all sums stay in registers.
#define MULTIPLY(others)                                                                          \
  if (sources == GROUP)                                                                           \
    add_products(rows + j, r == 0 ? ahead : 0, GROUP, others, start, width,                       \
                 values + r * BANK_STRETCH, products + j * count + r, count);                      \
  else                                                                                            \
    for (int k = 0; k < sources; k++)                                                             \
      add_products(rows + j + k, 0, 1, others, start, width, values + r * BANK_STRETCH,            \
                   products + (j + k) * count + r, count)

// Columns of a row that are visited together: several pages, so that finding pages does not take as long
// as reading them where the bank is larger than the page tables' caches reach.
enum { VISIT_STRETCHES = 8, VISIT = VISIT_STRETCHES * BANK_STRETCH };

FOR_EACH_PROCESSOR
void bank_inner_products(const float *const *rows, ptrdiff_t row_count, const float *vectors, int count,
                         ptrdiff_t first, ptrdiff_t columns, double *products) {
  // Axes (stretch, vector, column): the vectors of a visit, 0 after the last column.
  float visit[VISIT_STRETCHES * BANK_MAXIMUM_SHARED * BANK_STRETCH] __attribute__((aligned(64)));
  for (ptrdiff_t i = 0; i < row_count * count; i++) products[i] = 0;
  for (ptrdiff_t block = 0; block < columns; block += VISIT) {
    const ptrdiff_t most = columns - block < VISIT ? columns - block : VISIT;
    for (ptrdiff_t s = 0; s < most; s += BANK_STRETCH) {
      const ptrdiff_t width = most - s < BANK_STRETCH ? most - s : BANK_STRETCH;
      for (int r = 0; r < count; r++) {
        float *values = visit + s * BANK_MAXIMUM_SHARED + r * BANK_STRETCH;
        memcpy(values, vectors + r * columns + block + s, (size_t)width * sizeof(float));
        for (ptrdiff_t i = width; i < BANK_STRETCH; i++) values[i] = 0;
      }
    }
    for (ptrdiff_t j = 0; j < row_count; j += GROUP) {
      const int sources = row_count - j >= GROUP ? GROUP : (int)(row_count - j);
      const float *const *ahead = row_count - j >= 2 * GROUP ? rows + j + GROUP : 0;
      for (ptrdiff_t s = 0; s < most; s += BANK_STRETCH) {
        const float *values = visit + s * BANK_MAXIMUM_SHARED;
        const ptrdiff_t start = first + block + s;
        const ptrdiff_t width = most - s < BANK_STRETCH ? most - s : BANK_STRETCH;
        int r = 0;
        for (; r + 4 <= count; r += 4) { MULTIPLY(4); }
        for (; r + 2 <= count; r += 2) { MULTIPLY(2); }
        for (; r < count; r++) { MULTIPLY(1); }
      }
    }
  }
}
