#include "shared_hypernetwork_kernels.h"

#include "processors.h"

// Results must be the same wherever they are computed.
#pragma STDC FP_CONTRACT OFF

enum { LANES = 16 };
typedef float vector __attribute__((ext_vector_type(16)));
// As it lies in memory, aligned or not.
typedef float stored __attribute__((ext_vector_type(16), aligned(4)));
#define AT(pointer) (*(const stored *)(pointer))
#define PUT(pointer) (*(stored *)(pointer))

FOR_EACH_PROCESSOR
void head_descend(float *weights, float *velocity, ptrdiff_t rows, ptrdiff_t hidden,
                  const float *factors, const float *features, ptrdiff_t participants,
                  head_descent d) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    float *w = weights + row * hidden, *v = velocity + row * hidden;
    ptrdiff_t i = 0;
    for (; i + LANES <= hidden; i += LANES) {
      vector gradient = 0;
      for (ptrdiff_t p = 0; p < participants; p++)
        gradient += factors[p * rows + row] * (vector)AT(features + p * hidden + i);
      const vector old = AT(w + i);
      const vector moved = d.momentum * (vector)AT(v + i) + (gradient + d.weight_decay * old);
      PUT(v + i) = moved;
      PUT(w + i) = old - d.rate * moved;
    }
    for (; i < hidden; i++) {
      float gradient = 0;
      for (ptrdiff_t p = 0; p < participants; p++)
        gradient += factors[p * rows + row] * features[p * hidden + i];
      v[i] = d.momentum * v[i] + (gradient + d.weight_decay * w[i]);
      w[i] -= d.rate * v[i];
    }
  }
}

FOR_EACH_PROCESSOR
void head_add_products(const float *factors, const float *weights, ptrdiff_t rows, ptrdiff_t hidden,
                       double *totals) {
  ptrdiff_t i = 0;
  for (; i + LANES <= hidden; i += LANES) {
    vector sum = 0;
    for (ptrdiff_t row = 0; row < rows; row++)
      sum += factors[row] * (vector)AT(weights + row * hidden + i);
    for (int lane = 0; lane < LANES; lane++) totals[i + lane] += (double)sum[lane];
  }
  for (; i < hidden; i++) {
    float sum = 0;
    for (ptrdiff_t row = 0; row < rows; row++) sum += factors[row] * weights[row * hidden + i];
    totals[i] += (double)sum;
  }
}
