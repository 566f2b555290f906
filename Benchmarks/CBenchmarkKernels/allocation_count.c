#include "allocation_count.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__GLIBC__)

// A program's own definitions take the place of the library's, in every shared library too.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local int is_counting;
static _Thread_local int64_t count;

#define COUNTED __attribute__((visibility("default"), used))

COUNTED void *malloc(size_t size) {
  count += is_counting;
  return __libc_malloc(size);
}

COUNTED void *calloc(size_t number, size_t size) {
  count += is_counting;
  return __libc_calloc(number, size);
}

COUNTED void *realloc(void *old, size_t size) {
  count += is_counting;
  return __libc_realloc(old, size);
}

COUNTED void *aligned_alloc(size_t alignment, size_t size) {
  count += is_counting;
  return __libc_memalign(alignment, size);
}

COUNTED void *memalign(size_t alignment, size_t size) {
  count += is_counting;
  return __libc_memalign(alignment, size);
}

COUNTED int posix_memalign(void **target, size_t alignment, size_t size) {
  count += is_counting;
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
    return EINVAL;
  void *memory = __libc_memalign(alignment, size);
  if (!memory) return ENOMEM;
  *target = memory;
  return 0;
}

void start_counting_allocations(void) {
  count = 0;
  is_counting = 1;
}

int64_t stop_counting_allocations(void) {
  is_counting = 0;
  return count;
}

#else

void start_counting_allocations(void) {}

int64_t stop_counting_allocations(void) { return -1; }

#endif
