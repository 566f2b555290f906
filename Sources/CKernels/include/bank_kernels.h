// Products of many rows (clients' models) with a few vectors. Each row is read from memory once for all
// of them, a stretch of columns at a time, so that what the others need stays in the nearest cache.
//
// Single precision without fused operations, each result summed in one order, whatever is computed
// with it and on whichever processor.
#pragma once

#include <stddef.h>

// The most targets or vectors that share a pass.
enum { BANK_MAXIMUM_SHARED = 8 };

// Columns within which inner products are summed in single precision.
enum { BANK_STRETCH = 512 };

// targets[r · columns + p] += Σ_j weights[j · count + r] · rows[j][first + p] for p below `columns` and r
// below `count`, at most BANK_MAXIMUM_SHARED. Each row is added to the sum so far, in order, so that a sum may
// be continued by another call; start from −0, as −0 + x is x in every bit. A weight of exactly 0 leaves its
// row out.
void bank_weighted_sums(const float *const *rows, ptrdiff_t row_count, const float *weights, int count,
                        ptrdiff_t first, ptrdiff_t columns, float *targets);

// products[j · count + r] = Σ_p rows[j][first + p] · vectors[r · columns + p], alike. Of each stretch of
// BANK_STRETCH columns, sixteen lanes sum every sixteenth column in single precision from +0 on; lanes
// are summed in double precision by halves (lane k with k + 8, then k + 4, k + 2, k + 1), and so are
// stretches, one after another from +0 on.
void bank_inner_products(const float *const *rows, ptrdiff_t row_count, const float *vectors, int count,
                         ptrdiff_t first, ptrdiff_t columns, double *products);
