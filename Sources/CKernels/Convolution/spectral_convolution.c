#include "spectral_convolution.h"

#include <string.h>

#include "../Shared/vectors.h"

#ifdef HAS_VECTOR_KERNELS
typedef int integers __attribute__((ext_vector_type(16)));
typedef uint8_t stored_bytes __attribute__((ext_vector_type(16), aligned(1)));
typedef double doubles __attribute__((ext_vector_type(16)));
typedef double stored_doubles __attribute__((ext_vector_type(16), aligned(8)));
enum { PAIR = 2 * LANES, KERNEL = 5, PLACES = KERNEL * KERNEL };

// cos and sin of 2π k / size.
static const float cosines_12[] = {1,           0.866025404f,  0.5f,  0, -0.5f, -0.866025404f, -1,
                                   -0.866025404f, -0.5f, 0, 0.5f,  0.866025404f};
static const float sines_12[] = {0, 0.5f,  0.866025404f,  1,  0.866025404f,  0.5f,
                                 0, -0.5f, -0.866025404f, -1, -0.866025404f, -0.5f};
static const float cosines_14[] = {1,  0.900968868f,  0.623489802f,  0.222520934f,  -0.222520934f,
                                   -0.623489802f, -0.900968868f, -1, -0.900968868f, -0.623489802f,
                                   -0.222520934f, 0.222520934f, 0.623489802f, 0.900968868f};
static const float sines_14[] = {0,  0.433883739f,  0.781831482f,  0.974927912f,  0.974927912f,
                                 0.781831482f, 0.433883739f, 0, -0.433883739f, -0.781831482f,
                                 -0.974927912f, -0.974927912f, -0.781831482f, -0.433883739f};

// The position of the vector of an out block's weights for an in channel and a place of the kernel.
static inline ptrdiff_t weight_offset(int in_channels, int out_block, int in_channel, int place) {
  if (in_channels % LANES) return (((ptrdiff_t)out_block * in_channels + in_channel) * PLACES + place) * LANES;
  const ptrdiff_t block = (ptrdiff_t)out_block * (in_channels / LANES) + in_channel / LANES;
  return ((block * PLACES + place) * LANES + in_channel % LANES) * LANES;
}
#define weight_place(weight, in_channels, o, i, k) ((weight) + weight_offset(in_channels, o, i, k))

// What there is of every tile's size and every variant.
typedef struct {
  size_t (*source_count)(const spectral_shape *);
  size_t (*weight_count)(const spectral_shape *);
  size_t (*scratch_count)(const spectral_shape *);
  void (*transform_weights)(const spectral_shape *, const float *, float *);
  void (*transform_transposed_weights)(const spectral_shape *, const float *, float *);
  void (*forward)(const spectral_shape *, const float *, const float *, const float *, int,
                  const spectral_moments *, int, float *, float *, float *);
  void (*backward)(const spectral_shape *, const spectral_upstream *, const float *, const float *, int,
                   float *, float *, float *, float *);
  void (*weight_gradient)(const spectral_shape *, const float *, float *);
} spectral_functions;

#define KERNELS "../Convolution/spectral_sizes.h"
#include "../Shared/variants.h"

// Tiles of 14×14 values, of which 10×10 are results, or of 12×12: those that need fewer numbers.
static const spectral_functions *functions(const spectral_shape *shape) {
  const int by_14 = 14 * 14 * ((shape->out_height + 9) / 10) * ((shape->out_width + 9) / 10);
  const int by_12 = 12 * 12 * ((shape->out_height + 7) / 8) * ((shape->out_width + 7) / 8);
  if (shape->vector_width == 512) return by_14 < by_12 ? &functions_14_512 : &functions_12_512;
  return by_14 < by_12 ? &functions_14_256 : &functions_12_256;
}

size_t spectral_source_count(const spectral_shape *shape) {
  return functions(shape)->source_count(shape);
}

size_t spectral_weight_count(const spectral_shape *shape) {
  return functions(shape)->weight_count(shape);
}

size_t spectral_scratch_count(const spectral_shape *shape) {
  return functions(shape)->scratch_count(shape);
}

void spectral_transform_weights(const spectral_shape *shape, const float *weight, float *spectra) {
  functions(shape)->transform_weights(shape, weight, spectra);
}

void spectral_transform_transposed_weights(const spectral_shape *shape, const float *weight,
                                           float *spectra) {
  functions(shape)->transform_transposed_weights(shape, weight, spectra);
}

void spectral_forward(const spectral_shape *shape, const float *source, const float *weight_spectra,
                      const float *bias, int relu, const spectral_moments *moments, int is_first,
                      float *source_spectra, float *scratch, float *result) {
  functions(shape)->forward(shape, source, weight_spectra, bias, relu, moments, is_first, source_spectra,
                            scratch, result);
}

void spectral_backward(const spectral_shape *shape, const spectral_upstream *upstream,
                       const float *source_spectra, const float *transposed_spectra, int is_first,
                       float *gradient_spectra, float *bias_gradient, float *scratch,
                       float *source_gradient) {
  functions(shape)->backward(shape, upstream, source_spectra, transposed_spectra, is_first,
                             gradient_spectra, bias_gradient, scratch, source_gradient);
}

void spectral_weight_gradient(const spectral_shape *shape, const float *gradient_spectra,
                              float *weight_gradient) {
  functions(shape)->weight_gradient(shape, gradient_spectra, weight_gradient);
}

#else

// The caller asks first.
size_t spectral_source_count(const spectral_shape *shape) { return 0; }
size_t spectral_weight_count(const spectral_shape *shape) { return 0; }
size_t spectral_scratch_count(const spectral_shape *shape) { return 0; }
void spectral_transform_weights(const spectral_shape *shape, const float *weight, float *spectra) {}
void spectral_transform_transposed_weights(const spectral_shape *shape, const float *weight,
                                           float *spectra) {}
void spectral_forward(const spectral_shape *shape, const float *source, const float *weight_spectra,
                      const float *bias, int relu, const spectral_moments *moments, int is_first,
                      float *source_spectra, float *scratch, float *result) {}
void spectral_backward(const spectral_shape *shape, const spectral_upstream *upstream,
                       const float *source_spectra, const float *transposed_spectra, int is_first,
                       float *gradient_spectra, float *bias_gradient, float *scratch,
                       float *source_gradient) {}
void spectral_weight_gradient(const spectral_shape *shape, const float *gradient_spectra,
                              float *weight_gradient) {}

#endif
