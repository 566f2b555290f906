// Vectors of 16 numbers, and how kernels made of them are compiled: once for AVX-512, where such a vector
// is one register of 32, and once for AVX2, where it is two of 16; on ARM once for NEON, where it is four of 32. variants.h includes a file with kernels
// for both. There VARIANT(name) is a name of the variant's own, VECTORIZED says what its functions are
// compiled for, and MOST_ROWS how many rows of a product keep their sums in registers.
//
// Every variant does the same operations on the same numbers, with fused multiply-adds: same bits.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__clang__)
#define HAS_VECTOR_KERNELS 1
#define VECTORIZED_512 __attribute__((target("avx512f"), min_vector_width(512)))
#define VECTORIZED_256 __attribute__((target("avx2,fma")))
#elif defined(__aarch64__) && defined(__clang__)
#define HAS_VECTOR_KERNELS 1
// Never chosen there.
#define VECTORIZED_512
#define VECTORIZED_256
#endif

#ifdef HAS_VECTOR_KERNELS
#define VECTOR_INLINE static inline __attribute__((always_inline)) VECTORIZED
// A function of its own, compiled once for all its calls.
#define VECTOR_LEAF static __attribute__((noinline)) VECTORIZED

// Rows of a product whose sums, two vectors each, stay in registers.
#define MOST_ROWS_512 8
#define MOST_ROWS_256 2
// Sums of one vector each that stay in registers beside what is added to them.
#define MOST_PLACES_512 14
#define MOST_PLACES_256 6
// The same where each sum has a pointer of its own too.
#define MOST_TAPS_512 10
#define MOST_TAPS_256 6
#endif

enum { LANES = 16 };
typedef float vector __attribute__((ext_vector_type(16)));
// As it lies in memory, aligned or not.
typedef float stored __attribute__((ext_vector_type(16), aligned(4)));
#define AT(pointer) (*(const stored *)(pointer))
#define PUT(pointer) (*(stored *)(pointer))
#define UNROLL _Pragma("clang loop unroll(full)")
#define FMA(a, b, c) __builtin_elementwise_fma((vector)(a), (vector)(b), (vector)(c))

// Exchanges rows and columns of 16 vectors, by halves of two, four, eight and sixteen.
#define TRANSPOSE(rows)                                                                           \
  UNROLL for (int half = 1; half < LANES; half *= 2) {                                            \
    UNROLL for (int r = 0; r < LANES; r++) {                                                      \
      if (r & half) continue;                                                                     \
      const vector low = (rows)[r], high = (rows)[r + half];                                      \
      vector first, second;                                                                       \
      UNROLL for (int i = 0; i < LANES; i++) {                                                    \
        first[i] = i & half ? high[i - half] : low[i];                                            \
        second[i] = i & half ? high[i] : low[i + half];                                           \
      }                                                                                           \
      (rows)[r] = first, (rows)[r + half] = second;                                               \
    }                                                                                             \
  }
