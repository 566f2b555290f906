#include "vector_width.h"

#include "../Shared/vectors.h"

int widest_vectors(void) {
#ifdef HAS_VECTOR_KERNELS
  if (__builtin_cpu_supports("avx512f")) return 512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 256;
#endif
  return 0;
}
