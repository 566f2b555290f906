#include "fully_connected.h"

#include <string.h>

#include "../Shared/vectors.h"

static ptrdiff_t filled_up(ptrdiff_t count) { return (count + 15) / 16 * 16; }

size_t connected_scratch_count(const connected_shape *shape) {
  const ptrdiff_t outputs = filled_up(shape->outputs), inputs = filled_up(shape->inputs);
  return (size_t)(outputs * (shape->samples + filled_up(shape->samples)) + inputs * shape->samples);
}

#ifdef HAS_VECTOR_KERNELS
enum {
  MOST_VECTORS = 2,
  // Inputs whose sums are kept while the weights are read: 12 KB a vector.
  INPUTS = 192,
  // Inputs whose weights stay in the first cache while all samples take them: 8 KB a vector.
  WEIGHTS_AT_ONCE = 128
};

// A step is rounded as `vector_descend` rounds it: the product, then the difference.
#pragma STDC FP_CONTRACT OFF

// The layout of the numbers of a product.
typedef struct {
  const float *a;  // single numbers: a[r · row + k · step]
  ptrdiff_t row, step;
  const float *b;  // vectors: b[k · LANES + v · b_vector]
  ptrdiff_t b_vector;
  int count;
} product;

#define KERNELS "../FullyConnected/fully_connected_kernels.h"
#include "../Shared/variants.h"

void connected_forward(const connected_shape *shape, const float *source, const float *weight,
                       const float *bias, int relu, float *result) {
  (shape->vector_width == 512 ? connected_forward_512 : connected_forward_256)(
      shape, source, weight, bias, relu, result);
}

void connected_backward(const connected_shape *shape, const float *source, float *weight,
                        const float *result, const float *result_gradient, float *scratch,
                        float *weight_gradient, float *bias_gradient, float *source_gradient,
                        const connected_step *step) {
  (shape->vector_width == 512 ? connected_backward_512 : connected_backward_256)(
      shape, source, weight, result, result_gradient, scratch, weight_gradient, bias_gradient,
      source_gradient, step);
}

#else

// The caller asks first.
void connected_forward(const connected_shape *shape, const float *source, const float *weight,
                       const float *bias, int relu, float *result) {}
void connected_backward(const connected_shape *shape, const float *source, float *weight,
                        const float *result, const float *result_gradient, float *scratch,
                        float *weight_gradient, float *bias_gradient, float *source_gradient,
                        const connected_step *step) {}

#endif
