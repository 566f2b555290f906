#include "../Shared/processors.h"
#include "layers.h"

FOR_EACH_PROCESSOR
void relu(const float *source, float *result, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) result[i] = source[i] < 0 ? 0 : source[i];
}

FOR_EACH_PROCESSOR
void relu_gradient(const float *result, float *gradient, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) gradient[i] = result[i] <= 0 ? 0 : gradient[i];
}

FOR_EACH_PROCESSOR
void multiply_by(float *values, const float *factors, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) values[i] *= factors[i];
}

FOR_EACH_PROCESSOR
void add_to(float *values, const float *others, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) values[i] += others[i];
}
