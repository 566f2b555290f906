// Many blocks of the Philox4x32-10 generator at a time: the same words as block by block.
#pragma once

#include <stdint.h>

// The words of `blocks` consecutive blocks, axes (block, word of 4): the counter's first word counts from first_block,
// modulo 2^32; the other three are `name`.
void philox_words(const uint32_t key[2], const uint32_t name[3], uint32_t first_block, int64_t blocks,
                  uint32_t *words);
