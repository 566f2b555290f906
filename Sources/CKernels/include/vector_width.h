// Which variant of the kernels of `spectral_convolution.h` and `fully_connected.h` a processor can run.
#pragma once

// Bits of the widest vectors that there are kernels for: 512 (AVX-512), 256 (AVX2 with fused
// multiply-adds; on ARM the kernels for NEON), or 0 if there are none.
int widest_vectors(void);
