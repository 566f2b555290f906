#pragma once
#include <oneapi/dnnl/dnnl.h>

// OpenMP's thread count is a property of each calling thread; declared here because <omp.h> lies
// in the compiler's own folder.
extern void omp_set_num_threads(int number_of_threads);
extern int omp_get_max_threads(void);
