// A convolution by spectra in tiles of both sizes, for one variant: see vectors.h.

#include "spectral_products.h"

#define SIZE 12
#define TRANSFORM(name) VARIANT(name##_12)
#include "spectral_transforms.h"
#include "spectral_passes.h"
#undef TRANSFORM
#undef BINS
#undef HALF
#undef SIZE
#define SIZE 14
#define TRANSFORM(name) VARIANT(name##_14)
#include "spectral_transforms.h"
#include "spectral_passes.h"
#undef TRANSFORM
#undef BINS
#undef HALF
#undef SIZE
