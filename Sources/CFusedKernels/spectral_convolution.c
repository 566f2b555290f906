#include "spectral_convolution.h"

#include <string.h>

#include "wide_vectors.h"

#ifdef HAS_WIDE_KERNELS
enum { PAIR = 2 * LANES, KERNEL = 5, PLACES = KERNEL * KERNEL, MOST_ROWS = 8 };

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

// MARK: Products of one bin

// c[r] = Σ_k a[r, k] · b[k], or · conj(b[k]), added to what is there if asked for.
//   a: single complex numbers, the imaginary part LANES behind the real one; b, c: vectors.
INLINE void multiply_rows(const int rows, const int conjugates, int adds, int count, const float *a,
                          ptrdiff_t a_row, ptrdiff_t a_step, const float *b, ptrdiff_t b_step, float *c,
                          ptrdiff_t c_row) {
  vector real[MOST_ROWS], imaginary[MOST_ROWS];
  UNROLL for (int r = 0; r < rows; r++) {
    real[r] = adds ? (vector)AT(c + r * c_row) : (vector)0;
    imaginary[r] = adds ? (vector)AT(c + r * c_row + LANES) : (vector)0;
  }
  for (int k = 0; k < count; k++, a += a_step, b += b_step) {
    const vector b_real = AT(b), b_imaginary = AT(b + LANES);
    UNROLL for (int r = 0; r < rows; r++) {
      const float a_real = a[r * a_row], a_imaginary = a[r * a_row + LANES];
      real[r] = FMA(a_real, b_real, real[r]);
      imaginary[r] = FMA(a_imaginary, b_real, imaginary[r]);
      real[r] = FMA(conjugates ? a_imaginary : -a_imaginary, b_imaginary, real[r]);
      imaginary[r] = FMA(conjugates ? -a_real : a_real, b_imaginary, imaginary[r]);
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    PUT(c + r * c_row) = real[r];
    PUT(c + r * c_row + LANES) = imaginary[r];
  }
}

// The same for any number of rows.
#define ROWS(count_of_rows)                                                                        \
  for (; r + (count_of_rows) <= rows; r += (count_of_rows))                                        \
  multiply_rows(count_of_rows, conjugates, adds, count, a + r * a_row, a_row, a_step, b, b_step,   \
                c + r * c_row, c_row)
INLINE void multiply(int rows, const int conjugates, int adds, int count, const float *a,
                     ptrdiff_t a_row, ptrdiff_t a_step, const float *b, ptrdiff_t b_step, float *c,
                     ptrdiff_t c_row) {
  int r = 0;
  ROWS(8);
  ROWS(4);
  ROWS(3);
  ROWS(2);
  ROWS(1);
}

INLINE void multiply_forward(int in_channels, int in_blocks, int out_blocks, int samples,
                             const float *source, const float *weights, float *result) {
  const ptrdiff_t step = (ptrdiff_t)out_blocks * PAIR;
  for (int o = 0; o < out_blocks; o++) {
    float *target = result + o * PAIR;
    if (!in_blocks)
      multiply(samples, 1, 0, in_channels, source, 1, PAIR, weights + o * PAIR, step, target, step);
    for (int i = 0; i < in_blocks; i++)
      multiply(samples, 1, i > 0, LANES, source + i * PAIR, in_blocks * PAIR, 1,
               weights + i * LANES * step + o * PAIR, step, target, step);
  }
}

INLINE void multiply_by_weight(int in_channels, int in_blocks, int out_blocks, int samples, int is_first,
                               const float *source, const float *gradient, float *weights) {
  const ptrdiff_t step = (ptrdiff_t)out_blocks * PAIR;
  for (int o = 0; o < out_blocks; o++) {
    float *target = weights + o * PAIR;
    if (!in_blocks)
      multiply(in_channels, 1, !is_first, samples, source, PAIR, 1, gradient + o * PAIR, step, target,
               step);
    for (int i = 0; i < in_blocks; i++)
      multiply(LANES, 1, !is_first, samples, source + i * PAIR, 1, in_blocks * PAIR, gradient + o * PAIR,
               step, target + i * LANES * step, step);
  }
}

INLINE void multiply_by_source(int out_blocks, int samples, const float *gradient, const float *weights,
                               float *source) {
  for (int o = 0; o < out_blocks; o++)
    multiply(samples, 0, o > 0, LANES, gradient + o * PAIR, out_blocks * PAIR, 1,
             weights + o * LANES * PAIR, PAIR, source, PAIR);
}

// Where the vector of an out block's weights for an in channel and a place of the kernel stands.
INLINE ptrdiff_t weight_offset(int in_channels, int out_block, int in_channel, int place) {
  if (in_channels % LANES) return (((ptrdiff_t)out_block * in_channels + in_channel) * PLACES + place) * LANES;
  const ptrdiff_t block = (ptrdiff_t)out_block * (in_channels / LANES) + in_channel / LANES;
  return ((block * PLACES + place) * LANES + in_channel % LANES) * LANES;
}
#define weight_place(weight, in_channels, o, i, k) ((weight) + weight_offset(in_channels, o, i, k))

#define SIZE 12
#define TRANSFORM(name) name##_12
#include "spectral_transforms.h"
#include "spectral_passes.h"
#undef TRANSFORM
#undef BINS
#undef HALF
#undef SIZE
#define SIZE 14
#define TRANSFORM(name) name##_14
#include "spectral_transforms.h"
#include "spectral_passes.h"

// Whether tiles of 14×14 values, of which 10×10 are results, need fewer numbers than those of 12×12.
static int prefers_14(const spectral_shape *shape) {
  const int by_14 = 14 * 14 * ((shape->out_height + 9) / 10) * ((shape->out_width + 9) / 10);
  const int by_12 = 12 * 12 * ((shape->out_height + 7) / 8) * ((shape->out_width + 7) / 8);
  return by_14 < by_12;
}

WIDE size_t spectral_source_count(const spectral_shape *shape) {
  return prefers_14(shape) ? source_count_14(shape) : source_count_12(shape);
}

WIDE size_t spectral_weight_count(const spectral_shape *shape) {
  return prefers_14(shape) ? weight_count_14(shape) : weight_count_12(shape);
}

WIDE size_t spectral_scratch_count(const spectral_shape *shape) {
  return prefers_14(shape) ? scratch_count_14(shape) : scratch_count_12(shape);
}

WIDE void spectral_transform_weights(const spectral_shape *shape, const float *weight, float *spectra) {
  if (prefers_14(shape)) transform_weights_14(shape, weight, spectra);
  else transform_weights_12(shape, weight, spectra);
}

WIDE void spectral_transform_transposed_weights(const spectral_shape *shape, const float *weight,
                                                float *spectra) {
  if (prefers_14(shape)) transform_transposed_weights_14(shape, weight, spectra);
  else transform_transposed_weights_12(shape, weight, spectra);
}

WIDE void spectral_forward(const spectral_shape *shape, const float *source, const float *weight_spectra,
                           const float *bias, int relu, float *source_spectra, float *scratch,
                           float *result) {
  if (prefers_14(shape))
    forward_14(shape, source, weight_spectra, bias, relu, source_spectra, scratch, result);
  else forward_12(shape, source, weight_spectra, bias, relu, source_spectra, scratch, result);
}

WIDE void spectral_backward(const spectral_shape *shape, const float *result_gradient,
                            const float *source_spectra, const float *transposed_spectra, int is_first,
                            float *gradient_spectra, float *bias_gradient, float *scratch,
                            float *source_gradient) {
  if (prefers_14(shape))
    backward_14(shape, result_gradient, source_spectra, transposed_spectra, is_first, gradient_spectra,
                bias_gradient, scratch, source_gradient);
  else
    backward_12(shape, result_gradient, source_spectra, transposed_spectra, is_first, gradient_spectra,
                bias_gradient, scratch, source_gradient);
}

WIDE void spectral_weight_gradient(const spectral_shape *shape, const float *gradient_spectra,
                                   float *weight_gradient) {
  if (prefers_14(shape)) weight_gradient_14(shape, gradient_spectra, weight_gradient);
  else weight_gradient_12(shape, gradient_spectra, weight_gradient);
}

#else

size_t spectral_source_count(const spectral_shape *shape) { return 0; }
size_t spectral_weight_count(const spectral_shape *shape) { return 0; }
size_t spectral_scratch_count(const spectral_shape *shape) { return 0; }
void spectral_transform_weights(const spectral_shape *shape, const float *weight, float *spectra) {}
void spectral_transform_transposed_weights(const spectral_shape *shape, const float *weight,
                                           float *spectra) {}
void spectral_forward(const spectral_shape *shape, const float *source, const float *weight_spectra,
                      const float *bias, int relu, float *source_spectra, float *scratch,
                      float *result) {}
void spectral_backward(const spectral_shape *shape, const float *result_gradient,
                       const float *source_spectra, const float *transposed_spectra, int is_first,
                       float *gradient_spectra, float *bias_gradient, float *scratch,
                       float *source_gradient) {}
void spectral_weight_gradient(const spectral_shape *shape, const float *gradient_spectra,
                              float *weight_gradient) {}

#endif
