#include "vector_width.h"

#include "../Shared/vectors.h"

int widest_vectors(void) {
#if defined(HAS_VECTOR_KERNELS) && defined(__aarch64__)
  // Every such processor has NEON with fused multiply-adds.
  return 256;
#elif defined(HAS_VECTOR_KERNELS)
  if (__builtin_cpu_supports("avx512f")) return 512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 256;
#endif
  return 0;
}
