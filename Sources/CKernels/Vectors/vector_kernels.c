#include "vector_kernels.h"

#include "../Shared/processors.h"

// Results must be the same wherever they are computed.
#pragma STDC FP_CONTRACT OFF

// One pass for each kind of step: what is constant is left out by the compiler.
INLINE void descend(float *restrict p, const float *restrict g, float *restrict v, ptrdiff_t count,
                    const descent *d, int is_first, int decays, int pulls, int corrects) {
  const float factor = d->factor, rate = d->rate, momentum = d->momentum, decay = d->weight_decay, pull = d->pull;
  const float *anchor = d->anchor, *correction = d->correction;
  const int nesterov = d->nesterov;
  for (ptrdiff_t i = 0; i < count; i++) {
    float direction = factor * g[i];
    if (pulls) direction += pull * (p[i] - anchor[i]);
    if (corrects) direction += correction[i];
    // Momentum adds the decay even where it is 0, as PyTorch does.
    if (v || decays) direction = direction + decay * p[i];
    // The first step must not read the velocity: another client's may have diverged.
    if (v) {
      v[i] = is_first ? direction : momentum * v[i] + direction;
      direction = nesterov ? direction + momentum * v[i] : v[i];
    }
    p[i] -= rate * direction;
  }
}

#define KIND(velocity, is_first, decays)                                                          \
  (pulls ? (corrects ? descend(p, g, velocity, count, d, is_first, decays, 1, 1)                  \
                     : descend(p, g, velocity, count, d, is_first, decays, 1, 0))                 \
         : (corrects ? descend(p, g, velocity, count, d, is_first, decays, 0, 1)                  \
                     : descend(p, g, velocity, count, d, is_first, decays, 0, 0)))

FOR_EACH_PROCESSOR
void vector_descend(float *p, const float *g, float *v, ptrdiff_t count, const descent *d) {
  const int pulls = d->anchor && d->pull != 0, corrects = d->correction != 0;
  if (v && d->momentum != 0) {
    if (d->is_first) KIND(v, 1, 1);
    else KIND(v, 0, 1);
  } else if (d->weight_decay != 0) {
    KIND(0, 0, 1);
  } else {
    KIND(0, 0, 0);
  }
}

FOR_EACH_PROCESSOR
void vector_combine(float *result, float a, const float *x, float b, const float *y, ptrdiff_t count) {
  // The result may be an operand, but no other part of it.
  if (b == 0) {
#pragma clang loop vectorize(assume_safety)
    for (ptrdiff_t i = 0; i < count; i++) result[i] = a * x[i];
  } else {
#pragma clang loop vectorize(assume_safety)
    for (ptrdiff_t i = 0; i < count; i++) result[i] = a * x[i] + b * y[i];
  }
}

FOR_EACH_PROCESSOR
void vector_divide(float *values, float divisor, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) values[i] /= divisor;
}
