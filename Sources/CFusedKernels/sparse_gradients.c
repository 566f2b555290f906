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

// Source values that stay in the first cache while all output channels visit them.
enum { CACHED_VALUES = 6144 };

typedef float vector __attribute__((ext_vector_type(16)));
typedef float stored __attribute__((ext_vector_type(16), aligned(4)));
#define AT(pointer) (*(const stored *)(pointer))
#define PUT(pointer) (*(stored *)(pointer))

#define FOR_EACH_PLACE(i) _Pragma("clang loop unroll(full)") for (int i = 0; i < PLACES; i++)

// Where the 5×5 window of each pooled position starts in a plane, and how far the place that pooling
// chose moves it.
typedef struct {
  int positions;
  int32_t starts[SPARSE_MAXIMUM_POSITIONS];
  int32_t moves[DEAD + 1];
} windows;

// The gradients that are not zero: their values, and where the windows that they belong to start.
typedef struct {
  int count;
  float values[SPARSE_MAXIMUM_POSITIONS + BLOCK];
  int32_t starts[SPARSE_MAXIMUM_POSITIONS];
} active;

INLINE void find_windows(const sparse_shape *shape, windows *result) {
  const int height = (shape->in_height - KERNEL + 1) / 2, width = (shape->in_width - KERNEL + 1) / 2;
  const int32_t row = shape->in_width * BLOCK;
  result->positions = 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      result->starts[result->positions++] = 2 * (y * row + x * BLOCK);
  for (int chosen = 0; chosen <= DEAD; chosen++)
    result->moves[chosen] = (chosen >> 1) * row + (chosen & 1) * BLOCK;
}

// Adds the gradients of one output channel of one sample, whose source starts at `start`.
INLINE void collect(const windows *windows, const float *gradient, const uint8_t *choice,
                    int32_t start, active *found) {
  int count = found->count;
  for (int position = 0; position < windows->positions; position++) {
    const int chosen = choice[position * BLOCK];
    // Written in any case, kept unless dead: a branch here would be mispredicted half the time.
    found->values[count] = gradient[position * BLOCK];
    found->starts[count] = start + windows->starts[position] + windows->moves[chosen];
    count += chosen != DEAD;
  }
  found->count = count;
}

// Sixteen running sums, so that no addition waits for the one before it.
INLINE float sum_values(active *found) {
  vector sums = 0;
  PUT(found->values + found->count) = 0;
  for (int k = 0; k < found->count; k += BLOCK) sums += AT(found->values + k);
  float sum = 0;
  for (int lane = 0; lane < BLOCK; lane++) sum += sums[lane];
  return sum;
}

// Adds value · window for every gradient found to one output channel's gradient.
INLINE void add_windows(const active *found, const float *source, ptrdiff_t row,
                        float *weight_gradient) {
  vector sums[PLACES];
  FOR_EACH_PLACE(i) sums[i] = AT(weight_gradient + i * BLOCK * BLOCK);
  for (int k = 0; k < found->count; k++) {
    const vector value = found->values[k];
    const float *window = source + found->starts[k];
    FOR_EACH_PLACE(i) {
      const vector x = AT(window + (i / KERNEL) * row + (i % KERNEL) * BLOCK);
      sums[i] = __builtin_elementwise_fma(value, x, sums[i]);
    }
  }
  FOR_EACH_PLACE(i) PUT(weight_gradient + i * BLOCK * BLOCK) = sums[i];
}

// Adds value · weights of one output channel to the window of every gradient found.
INLINE void add_weights(const active *found, const float *weight, ptrdiff_t row,
                        float *source_gradient) {
  vector weights[PLACES];
  FOR_EACH_PLACE(i) weights[i] = AT(weight + i * BLOCK * BLOCK);
  for (int k = 0; k < found->count; k++) {
    const vector value = found->values[k];
    float *window = source_gradient + found->starts[k];
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
  const ptrdiff_t tile = (ptrdiff_t)PLACES * BLOCK * BLOCK;
  windows windows;
  find_windows(shape, &windows);
  int group = (int)(CACHED_VALUES / image);
  if (group * windows.positions > SPARSE_MAXIMUM_POSITIONS)
    group = SPARSE_MAXIMUM_POSITIONS / windows.positions;
  if (group < 1) group = 1;
  for (ptrdiff_t i = 0; i < out_blocks * in_blocks * tile; i++) weight_gradient[i] = 0;
  for (int c = 0; c < shape->out_channels; c++) bias_gradient[c] = 0;
  active found;
  for (int first = 0; first < shape->samples; first += group) {
    const int end = first + group < shape->samples ? first + group : shape->samples;
    for (int c = 0; c < shape->out_channels; c++) {
      const int block = c / BLOCK, lane = c % BLOCK;
      found.count = 0;
      for (int n = first; n < end; n++) {
        const ptrdiff_t at = ((ptrdiff_t)n * out_blocks + block) * windows.positions * BLOCK + lane;
        collect(&windows, pooled_gradient + at, choice + at, (int32_t)((n - first) * image), &found);
      }
      bias_gradient[c] += sum_values(&found);
      for (int b = 0; b < in_blocks; b++)
        add_windows(&found, source + first * image + b * plane, row,
                    weight_gradient + (block * in_blocks + b) * tile + lane * BLOCK);
    }
  }
}

WIDE void sparse_data_gradient(const sparse_shape *shape, const float *weight,
                               const float *pooled_gradient, const uint8_t *choice,
                               float *source_gradient) {
  const int out_blocks = shape->out_channels / BLOCK, in_blocks = shape->in_channels / BLOCK;
  const ptrdiff_t row = (ptrdiff_t)shape->in_width * BLOCK;
  const ptrdiff_t plane = shape->in_height * row, image = in_blocks * plane;
  const ptrdiff_t tile = (ptrdiff_t)PLACES * BLOCK * BLOCK;
  windows windows;
  find_windows(shape, &windows);
  active found;
  for (int n = 0; n < shape->samples; n++) {
    float *target = source_gradient + n * image;
    for (ptrdiff_t i = 0; i < image; i++) target[i] = 0;
    for (int c = 0; c < shape->out_channels; c++) {
      const int block = c / BLOCK, lane = c % BLOCK;
      const ptrdiff_t at = ((ptrdiff_t)n * out_blocks + block) * windows.positions * BLOCK + lane;
      found.count = 0;
      collect(&windows, pooled_gradient + at, choice + at, 0, &found);
      for (int b = 0; b < in_blocks; b++)
        add_weights(&found, weight + (block * in_blocks + b) * tile + lane * BLOCK, row,
                    target + b * plane);
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
