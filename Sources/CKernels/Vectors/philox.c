#include "philox.h"

#include "../Shared/processors.h"

enum { LANES = 16 };

// A block a lane: arrays over lanes, which the compiler makes vectors of.
FOR_EACH_PROCESSOR
void philox_words(const uint32_t key[2], const uint32_t name[3], uint32_t first_block, int64_t blocks,
                  uint32_t *words) {
  for (int64_t start = 0; start < blocks; start += LANES) {
    uint32_t a[LANES], b[LANES], c[LANES], d[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      a[lane] = first_block + (uint32_t)(start + lane);
      b[lane] = name[0];
      c[lane] = name[1];
      d[lane] = name[2];
    }
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
      for (int lane = 0; lane < LANES; lane++) {
        const uint64_t first = (uint64_t)a[lane] * 0xD2511F53u, second = (uint64_t)c[lane] * 0xCD9E8D57u;
        a[lane] = (uint32_t)(second >> 32) ^ b[lane] ^ k0;
        b[lane] = (uint32_t)second;
        c[lane] = (uint32_t)(first >> 32) ^ d[lane] ^ k1;
        d[lane] = (uint32_t)first;
      }
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const int count = blocks - start < LANES ? (int)(blocks - start) : LANES;
    for (int lane = 0; lane < count; lane++) {
      uint32_t *block = words + 4 * (start + lane);
      block[0] = a[lane];
      block[1] = b[lane];
      block[2] = c[lane];
      block[3] = d[lane];
    }
  }
}
