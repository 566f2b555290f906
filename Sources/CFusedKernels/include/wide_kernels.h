// What the kernels of AVX-512 have in common.
#pragma once

// Whether this processor has the registers for `spectral_convolution.h`, `fully_connected.h` and
// `sample_blocks.h`: 32 of 16 numbers each (AVX-512).
int wide_kernels_supported(void);
