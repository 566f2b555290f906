// Vectors of 16 numbers for kernels that need 32 registers of them (AVX-512); HAS_WIDE_KERNELS where
// they can be compiled. The caller asks `wide_kernels_supported` first.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__clang__)
#define HAS_WIDE_KERNELS 1
#define WIDE __attribute__((target("avx512f"), min_vector_width(512)))
#define INLINE static inline __attribute__((always_inline)) WIDE
// A function of its own, compiled once for all its calls.
#define LEAF static __attribute__((noinline)) WIDE

enum { LANES = 16 };
typedef float vector __attribute__((ext_vector_type(16)));
// As it lies in memory, aligned or not.
typedef float stored __attribute__((ext_vector_type(16), aligned(4)));
#define AT(pointer) (*(const stored *)(pointer))
#define PUT(pointer) (*(stored *)(pointer))
#define UNROLL _Pragma("clang loop unroll(full)")
#define FMA(a, b, c) __builtin_elementwise_fma((vector)(a), (vector)(b), (vector)(c))

// Exchanges rows and columns of 16 vectors, by halves of two, four, eight and sixteen.
INLINE void transpose(vector *rows) {
  UNROLL for (int half = 1; half < LANES; half *= 2) {
    UNROLL for (int r = 0; r < LANES; r++) {
      if (r & half) continue;
      const vector low = rows[r], high = rows[r + half];
      vector first, second;
      UNROLL for (int i = 0; i < LANES; i++) {
        first[i] = i & half ? high[i - half] : low[i];
        second[i] = i & half ? high[i] : low[i + half];
      }
      rows[r] = first, rows[r + half] = second;
    }
  }
}
#endif
