// The heads of a hypernetwork that all clients share, as large as a hundred models: what its step does
// with every weight. Single precision, in a fixed order, without fused multiply-adds, so that every
// processor gives the same bits.
#pragma once

#include <stddef.h>

// Settings of stochastic gradient descent: v ← momentum · v + (g + weight_decay · w); w ← w − rate · v.
typedef struct {
  float rate, momentum, weight_decay;
} head_descent;

// One step of a head's weights, axes (row, hidden), whose gradient is Σ_i factors[i, row] · features[i].
//   velocity: axes (row, hidden).
//   factors: axes (participant, row).  features: axes (participant, hidden).
void head_descend(float *weights, float *velocity, ptrdiff_t rows, ptrdiff_t hidden,
                  const float *factors, const float *features, ptrdiff_t participants,
                  head_descent descent);

// totals[hidden] += Σ_row factors[row] · weights[row, hidden], summed in single precision over these
// rows, then added in double precision.
void head_add_products(const float *factors, const float *weights, ptrdiff_t rows, ptrdiff_t hidden,
                       double *totals);
