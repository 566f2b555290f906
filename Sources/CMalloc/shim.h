#pragma once
#include <stddef.h>
#if defined(__linux__)
#include <malloc.h>
#endif

// Sets the size from which blocks come from the system one by one, and go back to it; nothing if the
// C library is not glibc.
static inline void cmalloc_set_large_block_size(int bytes) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, bytes);
#else
  (void)bytes;
#endif
}

// Whether anything that was printed to standard output was lost.
#include <stdio.h>
static inline int cmalloc_standard_output_failed(void) { return fflush(stdout) != 0 || ferror(stdout) != 0; }
