// For RTLD_NEXT.
#define _GNU_SOURCE
#include "allocation_count.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__GLIBC__)

// A program's own definitions replace the library's, also in every shared library.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local int is_counting;
static _Thread_local int is_in_library;
static _Thread_local struct allocation_count counts;

static void note(void) {
  if (!is_counting) return;
  if (is_in_library)
    counts.in_library++;
  else
    counts.own++;
}

#define COUNTED __attribute__((visibility("default"), used))

COUNTED void *malloc(size_t size) {
  note();
  return __libc_malloc(size);
}

COUNTED void *calloc(size_t number, size_t size) {
  note();
  return __libc_calloc(number, size);
}

COUNTED void *realloc(void *old, size_t size) {
  note();
  return __libc_realloc(old, size);
}

COUNTED void *aligned_alloc(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}

COUNTED void *memalign(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}

COUNTED int posix_memalign(void **target, size_t alignment, size_t size) {
  note();
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
    return EINVAL;
  void *memory = __libc_memalign(alignment, size);
  if (!memory) return ENOMEM;
  *target = memory;
  return 0;
}

// oneDNN's entry point, so that its allocations are counted separately. Its types are pointers and sizes.
typedef int (*execute_function)(const void *, void *, int, const void *);

COUNTED int dnnl_primitive_execute(
    const void *primitive, void *stream, int argument_count, const void *arguments) {
  static execute_function library;
  execute_function execute = __atomic_load_n(&library, __ATOMIC_RELAXED);
  if (!execute) {
    execute = (execute_function)dlsym(RTLD_NEXT, "dnnl_primitive_execute");
    __atomic_store_n(&library, execute, __ATOMIC_RELAXED);
  }
  is_in_library = 1;
  const int status = execute(primitive, stream, argument_count, arguments);
  is_in_library = 0;
  return status;
}

void start_counting_allocations(void) {
  counts = (struct allocation_count){0, 0};
  is_counting = 1;
}

struct allocation_count stop_counting_allocations(void) {
  is_counting = 0;
  return counts;
}

#else

void start_counting_allocations(void) {}

struct allocation_count stop_counting_allocations(void) {
  return (struct allocation_count){-1, -1};
}

#endif
