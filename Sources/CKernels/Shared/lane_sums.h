// Inner products in a fixed order: sixteen lanes sum every sixteenth column of a stretch in single precision
// and are then summed in double precision by halves.
#pragma once

#include "processors.h"
#include "vectors.h"

typedef double doubles __attribute__((ext_vector_type(16)));
typedef double doubles8 __attribute__((ext_vector_type(8)));
typedef double doubles4 __attribute__((ext_vector_type(4)));

// Lane k with k + 8, then k + 4, k + 2, k + 1.
INLINE double sum_of(const vector *lanes) {
  const doubles wide = __builtin_convertvector(*lanes, doubles);
  const doubles8 eight = wide.lo + wide.hi;
  const doubles4 four = eight.lo + eight.hi;
  return (four.x + four.z) + (four.y + four.w);
}
