// How often a thread asks the heap for memory.
#pragma once

#include <stdint.h>

// Begins to count the calling thread's calls of malloc, calloc, realloc and their aligned relatives.
void start_counting_allocations(void);

// Ends it and returns the count, or -1 where calls cannot be counted (another C library than glibc).
int64_t stop_counting_allocations(void);
