// All headers of the module: what the package manager builds it from.
#pragma once

#include "allocation_count.h"
#include "benchmark_kernels.h"
