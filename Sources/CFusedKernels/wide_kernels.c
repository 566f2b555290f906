#include "wide_kernels.h"

#include "wide_vectors.h"

int wide_kernels_supported(void) {
#ifdef HAS_WIDE_KERNELS
  return __builtin_cpu_supports("avx512f") != 0;
#else
  return 0;
#endif
}
