#include "direct_convolution.h"

#include <string.h>

#include "../Shared/vectors.h"

static ptrdiff_t blocks_of(int32_t channels) { return (channels + 15) / 16; }
static ptrdiff_t taps_of(const direct_shape *shape) {
  return (ptrdiff_t)shape->in_channels * shape->kernel * shape->kernel;
}
static int out_height(const direct_shape *shape) { return shape->height - shape->kernel + 1; }
static int out_width(const direct_shape *shape) { return shape->width - shape->kernel + 1; }

// A place of its own for each number of a kernel.
size_t direct_scratch_count(const direct_shape *shape) {
  return (size_t)taps_of(shape) * sizeof(ptrdiff_t) / sizeof(float);
}

void direct_transpose_weights(const direct_shape *shape, const float *weight, float *transposed) {
  const ptrdiff_t area = (ptrdiff_t)shape->kernel * shape->kernel;
  const ptrdiff_t inputs = shape->in_channels, outputs = shape->out_channels;
  memset(transposed, 0, (size_t)(blocks_of(shape->in_channels) * outputs * area * 16) * sizeof(float));
  for (ptrdiff_t out = 0; out < outputs; out++)
    for (ptrdiff_t in = 0; in < inputs; in++) {
      const float *from = weight + ((out / 16 * inputs + in) * area) * 16 + out % 16;
      float *to = transposed + ((in / 16 * outputs + out) * area) * 16 + in % 16;
      for (ptrdiff_t k = 0; k < area; k++) to[(area - 1 - k) * 16] = from[k * 16];
    }
}

#ifdef HAS_VECTOR_KERNELS

// Where each number of a kernel finds its source, from the place of a result on; in the order of the weights.
static void find_taps(const direct_shape *shape, ptrdiff_t *taps) {
  const ptrdiff_t plane = (ptrdiff_t)shape->height * shape->width;
  const ptrdiff_t step = shape->has_planes ? 1 : 16;
  for (ptrdiff_t in = 0; in < shape->in_channels; in++) {
    const ptrdiff_t start = shape->has_planes ? in * plane : in / 16 * plane * 16 + in % 16;
    for (int ky = 0; ky < shape->kernel; ky++)
      for (int kx = 0; kx < shape->kernel; kx++) *taps++ = start + (ky * shape->width + kx) * step;
  }
}

static ptrdiff_t sample_size(const direct_shape *shape) {
  const ptrdiff_t channels = shape->has_planes ? shape->in_channels : blocks_of(shape->in_channels) * 16;
  return channels * shape->height * shape->width;
}

#define KERNELS "../Convolution/direct_kernels.h"
#include "../Shared/variants.h"

void direct_forward(const direct_shape *shape, const float *source, const float *weight, const float *bias,
                    int relu, float *scratch, float *result) {
  ptrdiff_t *taps = (ptrdiff_t *)scratch;
  find_taps(shape, taps);
  (shape->vector_width == 512 ? direct_forward_512 : direct_forward_256)(
      shape, taps, source, weight, bias, relu, result);
}

void direct_weight_gradient(const direct_shape *shape, const float *source, const float *result_gradient,
                            float *scratch, float *weight_gradient, float *bias_gradient) {
  ptrdiff_t *taps = (ptrdiff_t *)scratch;
  find_taps(shape, taps);
  (shape->vector_width == 512 ? direct_weight_gradient_512 : direct_weight_gradient_256)(
      shape, taps, source, result_gradient, weight_gradient, bias_gradient);
}

#else

// The caller asks first.
void direct_forward(const direct_shape *shape, const float *source, const float *weight, const float *bias,
                    int relu, float *scratch, float *result) {}
void direct_weight_gradient(const direct_shape *shape, const float *source, const float *result_gradient,
                            float *scratch, float *weight_gradient, float *bias_gradient) {}

#endif
