// Includes the file that KERNELS names, once for every variant: see vectors.h.

#define VARIANT(name) name##_512
#define VECTORIZED VECTORIZED_512
#define MOST_ROWS MOST_ROWS_512
#define MOST_PLACES MOST_PLACES_512
#define MOST_TAPS MOST_TAPS_512
#include KERNELS
#undef VARIANT
#undef VECTORIZED
#undef MOST_ROWS
#undef MOST_PLACES
#undef MOST_TAPS

#define VARIANT(name) name##_256
#define VECTORIZED VECTORIZED_256
#define MOST_ROWS MOST_ROWS_256
#define MOST_PLACES MOST_PLACES_256
#define MOST_TAPS MOST_TAPS_256
#include KERNELS
#undef VARIANT
#undef VECTORIZED
#undef MOST_ROWS
#undef MOST_PLACES
#undef MOST_TAPS
