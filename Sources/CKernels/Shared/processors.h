// How kernels are compiled.
#pragma once

// The widest vectors of the processor are chosen when the program starts.
#if defined(__x86_64__) && defined(__linux__) && __has_feature(thread_sanitizer)
// The choice is made before the sanitizer has started.
#define FOR_EACH_PROCESSOR __attribute__((target("arch=x86-64-v3")))
#elif defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_PROCESSOR \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif
#define INLINE static inline __attribute__((always_inline))
