#include "sparse_gradients.h"

#include <stddef.h>

// 25 vectors, one for each place of the kernel, must stay in registers.
#if defined(__x86_64__) && defined(__clang__)
#define HAS_WIDE_KERNELS 1
#define WIDE __attribute__((target("avx512f"), min_vector_width(512)))
#define INLINE static inline __attribute__((always_inline)) WIDE
#endif

#ifdef HAS_WIDE_KERNELS
enum { BLOCK = 16, KERNEL = 5, PLACES = KERNEL * KERNEL, DEAD = 4 };

// Gradients that are collected before they are worked through.
enum { CAPACITY = 256 };

// Source values that stay in the first cache while all output channels visit them.
enum { CACHED_VALUES = 6144 };

typedef float vector __attribute__((ext_vector_type(16)));
typedef float stored __attribute__((ext_vector_type(16), aligned(4)));
#define AT(pointer) (*(const stored *)(pointer))
#define PUT(pointer) (*(stored *)(pointer))

#define FOR_EACH_PLACE(i) _Pragma("clang loop unroll(full)") for (int i = 0; i < PLACES; i++)

// A gradient that is not zero: its value, and where the 5×5 window that it belongs to starts.
typedef struct {
  float value;
  int32_t window;
} active;

// The places of one output channel of one sample, from pooled position `from` on, that pooling chose.
// Returns the position after the last one looked at; `count` is raised by what was found.
INLINE int collect(const sparse_shape *shape, const float *gradient, const uint8_t *choice, int from,
                   int32_t start, active *found, int *count) {
  const int height = (shape->in_height - KERNEL + 1) / 2, width = (shape->in_width - KERNEL + 1) / 2;
  int position = from;
  for (; position < height * width && *count < CAPACITY; position++) {
    const int chosen = choice[position * BLOCK];
    const int y = 2 * (position / width) + (chosen >> 1), x = 2 * (position % width) + (chosen & 1);
    found[*count].value = gradient[position * BLOCK];
    found[*count].window = start + (y * shape->in_width + x) * BLOCK;
    *count += chosen != DEAD;
  }
  return position;
}

// Adds value · window for every gradient found to one output channel's gradient.
INLINE void add_windows(const active *found, int count, const float *source, ptrdiff_t row,
                        float *weight_gradient) {
  vector sums[PLACES];
  FOR_EACH_PLACE(i) sums[i] = AT(weight_gradient + i * BLOCK * BLOCK);
  for (int k = 0; k < count; k++) {
    const vector value = found[k].value;
    const float *window = source + found[k].window;
    FOR_EACH_PLACE(i) {
      const vector x = AT(window + (i / KERNEL) * row + (i % KERNEL) * BLOCK);
      sums[i] = __builtin_elementwise_fma(value, x, sums[i]);
    }
  }
  FOR_EACH_PLACE(i) PUT(weight_gradient + i * BLOCK * BLOCK) = sums[i];
}

// Adds value · weights of one output channel to the window of every gradient found.
INLINE void add_weights(const active *found, int count, const float *weight, ptrdiff_t row,
                        float *source_gradient) {
  vector weights[PLACES];
  FOR_EACH_PLACE(i) weights[i] = AT(weight + i * BLOCK * BLOCK);
  for (int k = 0; k < count; k++) {
    const vector value = found[k].value;
    float *window = source_gradient + found[k].window;
    FOR_EACH_PLACE(i) {
      float *target = window + (i / KERNEL) * row + (i % KERNEL) * BLOCK;
      PUT(target) = __builtin_elementwise_fma(value, weights[i], (vector)AT(target));
    }
  }
}

WIDE void sparse_weight_gradient(const sparse_shape *shape, const float *source,
                                 const float *pooled_gradient, const uint8_t *choice,
                                 float *weight_gradient, float *bias_gradient) {
  const int out_blocks = shape->out_channels / BLOCK, in_blocks = shape->in_channels / BLOCK;
  const ptrdiff_t row = (ptrdiff_t)shape->in_width * BLOCK;
  const ptrdiff_t plane = shape->in_height * row, image = in_blocks * plane;
  const int positions =
      ((shape->in_height - KERNEL + 1) / 2) * ((shape->in_width - KERNEL + 1) / 2);
  const int group = CACHED_VALUES / image > 1 ? (int)(CACHED_VALUES / image) : 1;
  const ptrdiff_t channel_size = (ptrdiff_t)in_blocks * PLACES * BLOCK * BLOCK;
  for (ptrdiff_t i = 0; i < out_blocks * channel_size; i++) weight_gradient[i] = 0;
  for (int c = 0; c < shape->out_channels; c++) bias_gradient[c] = 0;
  active found[CAPACITY];
  for (int first = 0; first < shape->samples; first += group) {
    const int end = first + group < shape->samples ? first + group : shape->samples;
    for (int c = 0; c < shape->out_channels; c++) {
      const int block = c / BLOCK, lane = c % BLOCK;
      float *target = weight_gradient + block * channel_size + lane * BLOCK;
      int n = first, position = 0;
      float sum = bias_gradient[c];
      while (n < end) {
        int count = 0;
        while (n < end && count < CAPACITY) {
          const ptrdiff_t at = ((ptrdiff_t)n * out_blocks + block) * positions * BLOCK + lane;
          position = collect(shape, pooled_gradient + at, choice + at, position,
                             (int32_t)((n - first) * image), found, &count);
          if (position == positions) n++, position = 0;
        }
        for (int k = 0; k < count; k++) sum += found[k].value;
        for (int b = 0; b < in_blocks; b++)
          add_windows(found, count, source + first * image + b * plane, row,
                      target + (ptrdiff_t)b * PLACES * BLOCK * BLOCK);
      }
      bias_gradient[c] = sum;
    }
  }
}

WIDE void sparse_data_gradient(const sparse_shape *shape, const float *weight,
                               const float *pooled_gradient, const uint8_t *choice,
                               float *source_gradient) {
  const int out_blocks = shape->out_channels / BLOCK, in_blocks = shape->in_channels / BLOCK;
  const ptrdiff_t row = (ptrdiff_t)shape->in_width * BLOCK;
  const ptrdiff_t plane = shape->in_height * row, image = in_blocks * plane;
  const int positions =
      ((shape->in_height - KERNEL + 1) / 2) * ((shape->in_width - KERNEL + 1) / 2);
  const ptrdiff_t channel_size = (ptrdiff_t)in_blocks * PLACES * BLOCK * BLOCK;
  active found[CAPACITY];
  for (int n = 0; n < shape->samples; n++) {
    float *target = source_gradient + n * image;
    for (ptrdiff_t i = 0; i < image; i++) target[i] = 0;
    for (int c = 0; c < shape->out_channels; c++) {
      const int block = c / BLOCK, lane = c % BLOCK;
      const ptrdiff_t at = ((ptrdiff_t)n * out_blocks + block) * positions * BLOCK + lane;
      const float *weights = weight + block * channel_size + lane * BLOCK;
      for (int position = 0; position < positions;) {
        int count = 0;
        position = collect(shape, pooled_gradient + at, choice + at, position, 0, found, &count);
        for (int b = 0; b < in_blocks; b++)
          add_weights(found, count, weights + (ptrdiff_t)b * PLACES * BLOCK * BLOCK, row,
                      target + b * plane);
      }
    }
  }
}

int sparse_gradients_supported(void) { return __builtin_cpu_supports("avx512f") != 0; }

#else

// The caller asks first.
int sparse_gradients_supported(void) { return 0; }
void sparse_weight_gradient(const sparse_shape *shape, const float *source,
                            const float *pooled_gradient, const uint8_t *choice,
                            float *weight_gradient, float *bias_gradient) {}
void sparse_data_gradient(const sparse_shape *shape, const float *weight,
                          const float *pooled_gradient, const uint8_t *choice,
                          float *source_gradient) {}

#endif
