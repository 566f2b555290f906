#include "benchmark_kernels.h"

#define INLINE static inline __attribute__((always_inline))

// Enough independent chains to hide a multiply-add's latency on two units.
#define CHAINS(vector, width)                                                           \
  vector x[12];                                                                         \
  for (int i = 0; i < 12; i++)                                                          \
    for (int lane = 0; lane < (width); lane++) x[i][lane] = (float)(i + lane) * 1e-3f;  \
  const vector factor = 0.999f, addend = 1e-3f;                                         \
  for (int64_t r = 0; r < repetitions; r++) {                                           \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; i++) {                   \
      x[i] = __builtin_elementwise_fma(x[i], factor, addend);                           \
      __asm__ volatile("" : REGISTER(x[i]));                                            \
    }                                                                                   \
  }                                                                                     \
  vector sum = 0;                                                                       \
  for (int i = 0; i < 12; i++) sum += x[i];                                             \
  volatile float sink = sum[0];                                                         \
  (void)sink;                                                                           \
  return 2.0 * 12 * (width) * (double)repetitions;

#if defined(__x86_64__)
#define REGISTER(value) "+v"(value)
typedef float wide __attribute__((ext_vector_type(16)));
typedef float middle __attribute__((ext_vector_type(8)));

__attribute__((target("avx512f,prefer-256-bit"), min_vector_width(512)))
static double chains_512(int64_t repetitions) { CHAINS(wide, 16) }

__attribute__((target("avx2,fma")))
static double chains_256(int64_t repetitions) { CHAINS(middle, 8) }
#undef REGISTER
#endif

#if defined(__aarch64__)
#define REGISTER(value) "+w"(value)
#else
#define REGISTER(value) "+x"(value)
#endif
typedef float narrow __attribute__((ext_vector_type(4)));
static double chains_128(int64_t repetitions) { CHAINS(narrow, 4) }

double peak_multiply_adds(int64_t repetitions) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return chains_512(repetitions);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return chains_256(repetitions);
#endif
  return chains_128(repetitions);
}

#if defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_PROCESSOR \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

FOR_EACH_PROCESSOR
void triad(float *restrict a, const float *restrict b, const float *restrict c, float s,
           int64_t count) {
  for (int64_t i = 0; i < count; i++) a[i] = b[i] + s * c[i];
}

FOR_EACH_PROCESSOR
float read_all(const float *a, int64_t count) {
  typedef float lanes __attribute__((ext_vector_type(16), aligned(4)));
  lanes sums[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 64 <= count; i += 64)
    for (int k = 0; k < 4; k++) sums[k] += *(const lanes *)(a + i + 16 * k);
  const lanes all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float sum = 0;
  for (int lane = 0; lane < 16; lane++) sum += all[lane];
  for (; i < count; i++) sum += a[i];
  return sum;
}
