#include "winograd_convolution.h"

#include <string.h>

#include "../Shared/vectors.h"

// A tile's side, its results' side, and its places.
enum { TILE = 4, RESULTS = 2, TILE_PLACES = TILE * TILE };
// Tiles that are worked on together, at least, unless an image has fewer: so that sums over them are long.
enum { LEAST_TILES = 28 };

static ptrdiff_t blocks_of(int32_t channels) { return (channels + 15) / 16; }
static int out_height(const direct_shape *shape) { return shape->height - 2; }
static int out_width(const direct_shape *shape) { return shape->width - 2; }
static int tile_rows(const direct_shape *shape) { return (out_height(shape) + 1) / RESULTS; }
static int tile_columns(const direct_shape *shape) { return (out_width(shape) + 1) / RESULTS; }

// Rows of tiles that are worked on together.
static int rows_at_once(const direct_shape *shape) {
  const int rows = (LEAST_TILES + tile_columns(shape) - 1) / tile_columns(shape);
  return rows < tile_rows(shape) ? rows : tile_rows(shape);
}

static ptrdiff_t tiles_at_once(const direct_shape *shape) {
  return (ptrdiff_t)rows_at_once(shape) * tile_columns(shape);
}

static ptrdiff_t source_numbers(const direct_shape *shape) {
  return TILE_PLACES * blocks_of(shape->in_channels) * tiles_at_once(shape) * LANES;
}

static ptrdiff_t result_numbers(const direct_shape *shape) {
  return TILE_PLACES * blocks_of(shape->out_channels) * tiles_at_once(shape) * LANES;
}

size_t winograd_weight_count(const direct_shape *shape) {
  return (size_t)(TILE_PLACES * blocks_of(shape->out_channels) * shape->in_channels * LANES);
}

// Transformed tiles of the source and of the result, and the places of the source's channels.
size_t winograd_scratch_count(const direct_shape *shape) {
  return (size_t)(source_numbers(shape) + result_numbers(shape)) +
         (size_t)shape->in_channels * sizeof(ptrdiff_t) / sizeof(float);
}

#ifdef HAS_VECTOR_KERNELS

#define KERNELS "../Convolution/winograd_kernels.h"
#include "../Shared/variants.h"

void winograd_transform_weights(const direct_shape *shape, const float *weight, float *transformed) {
  (shape->vector_width == 512 ? winograd_transform_weights_512 : winograd_transform_weights_256)(
      shape, weight, transformed);
}

void winograd_forward(const direct_shape *shape, const float *source, const float *transformed,
                      const float *bias, int relu, float *scratch, float *result) {
  (shape->vector_width == 512 ? winograd_forward_512 : winograd_forward_256)(
      shape, source, transformed, bias, relu, scratch, result);
}

void winograd_weight_gradient(const direct_shape *shape, const float *source, const float *result_gradient,
                              float *scratch, float *transformed, float *weight_gradient,
                              float *bias_gradient) {
  (shape->vector_width == 512 ? winograd_weight_gradient_512 : winograd_weight_gradient_256)(
      shape, source, result_gradient, scratch, transformed, weight_gradient, bias_gradient);
}

#else

// The caller asks first.
void winograd_transform_weights(const direct_shape *shape, const float *weight, float *transformed) {}
void winograd_forward(const direct_shape *shape, const float *source, const float *transformed,
                      const float *bias, int relu, float *scratch, float *result) {}
void winograd_weight_gradient(const direct_shape *shape, const float *source, const float *result_gradient,
                              float *scratch, float *transformed, float *weight_gradient,
                              float *bias_gradient) {}

#endif
