// How often a thread allocates heap memory.
#pragma once

#include <stdint.h>

// Calls of malloc, calloc, realloc and their aligned relatives.
struct allocation_count {
  // Those inside oneDNN's dnnl_primitive_execute.
  int64_t in_library;
  // All others.
  int64_t own;
};

// Begins to count the calling thread's calls.
void start_counting_allocations(void);

// Ends it and returns the counts, or -1 if calls cannot be counted (another C library than glibc).
struct allocation_count stop_counting_allocations(void);
