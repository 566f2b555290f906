// Arithmetic on whole models, element by element: SGD steps and mixtures of models. Single
// precision without fused multiply-adds, so that every processor gives the same bits.
#pragma once

#include <stddef.h>

// A step of stochastic gradient descent and what is added to its gradient on the way.
typedef struct {
  float rate, momentum, weight_decay;
  int is_first;             // v = d in place of v ← momentum · v + d
  int nesterov;             // p ← p − rate · (d + momentum · v) in place of the step below
  float factor;             // of the gradient, before anything is added
  float pull;               // strength · (parameter − anchor) is added first; 0 for none
  const float *anchor;      // null without a pull
  const float *correction;  // is added next; null for none
} descent;

// d = factor · g + weight_decay · p; v ← momentum · v + d; p ← p − rate · v. velocity is null without momentum.
void vector_descend(float *parameters, const float *gradients, float *velocity, ptrdiff_t count,
                    const descent *descent);

// result = a · x + b · y; x, y and result may be the same. b = 0 leaves y out.
void vector_combine(float *result, float a, const float *x, float b, const float *y, ptrdiff_t count);

// values ← values / divisor.
void vector_divide(float *values, float divisor, ptrdiff_t count);
