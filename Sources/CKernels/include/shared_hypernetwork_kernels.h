// The heads of a hypernetwork that all clients share, as large as a hundred models: each weight is read from
// memory once for all clients or participants. In a fixed order, without fused multiply-adds, so that every
// processor gives the same bits, whatever is computed beside them.
#pragma once

#include <stddef.h>

// The most inputs that share a call of head_apply.
enum { HEAD_MAXIMUM_SHARED = 8 };

// Columns of an input are padded with 0 to a multiple of this.
enum { HEAD_PADDING = 16 };

// results[r, row] = biases[row] + Σ_i weights[row, i] · inputs[r, i] for r below `count`, at most
// HEAD_MAXIMUM_SHARED; summed as bank_inner_products sums.
//   weights: axes (row, hidden).  inputs: axes (input, padded hidden).  results: axes (input, row).
void head_apply(const float *weights, const float *biases, ptrdiff_t rows, ptrdiff_t hidden,
                const float *inputs, int count, float *results);

// totals[p, hidden] += Σ_row factor · changes[p][row] · weights[row, hidden], summed in single precision over
// stretches of 64 rows, which are added in double precision.
//   weights: axes (row, hidden).  totals: axes (participant, hidden).
void head_add_products(const float *const *changes, ptrdiff_t participants, float factor,
                       const float *weights, ptrdiff_t rows, ptrdiff_t hidden, double *totals);

// Settings of stochastic gradient descent: v ← momentum · v + (g + weight_decay · w); w ← w − rate · v.
typedef struct {
  float rate, momentum, weight_decay;
} head_descent;

// One step of a head's weights, axes (row, hidden), whose gradient is Σ_p factors[p, row] · features[p].
//   velocity: axes (row, hidden).
//   factors: axes (participant, row).  features: axes (participant, hidden).
void head_descend(float *weights, float *velocity, ptrdiff_t rows, ptrdiff_t hidden,
                  const float *factors, const float *features, ptrdiff_t participants,
                  head_descent descent);
