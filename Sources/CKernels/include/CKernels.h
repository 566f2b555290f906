// The kernels that oneDNN does not have or that are slower there. A header with the module's name is what the
// package manager builds the module from; a new header must be named here, or incremental builds from an
// older one do not see it.
#pragma once

#include "bank_kernels.h"
#include "direct_convolution.h"
#include "elementary.h"
#include "fully_connected.h"
#include "fused_kernels.h"
#include "layers.h"
#include "philox.h"
#include "sample_blocks.h"
#include "shared_hypernetwork_kernels.h"
#include "spectral_convolution.h"
#include "vector_kernels.h"
#include "vector_width.h"
#include "winograd_convolution.h"
