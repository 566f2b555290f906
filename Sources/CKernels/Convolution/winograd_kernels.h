// One variant of the kernels of a 3×3 convolution by Winograd's minimal filtering: see vectors.h. Sums and halves only;
// no multiplication is fused with them.

#include "direct_sums.h"

#pragma STDC FP_CONTRACT OFF

// Bᵀ d of four values: what a row or column of a source becomes.
VECTOR_INLINE void VARIANT(winograd_source)(const vector *in, ptrdiff_t step, vector *out, ptrdiff_t out_step) {
  const vector a = in[0], b = in[step], c = in[2 * step], d = in[3 * step];
  out[0] = a - c;
  out[out_step] = b + c;
  out[2 * out_step] = c - b;
  out[3 * out_step] = b - d;
}

// Aᵀ m of four values: a row or column of results.
VECTOR_INLINE void VARIANT(winograd_result)(const vector *in, ptrdiff_t step, vector *out, ptrdiff_t out_step) {
  const vector a = in[0], b = in[step], c = in[2 * step], d = in[3 * step];
  out[0] = (a + b) + c;
  out[out_step] = (b - c) - d;
}

// A y of two values: what a row or column of the result's gradient becomes.
VECTOR_INLINE void VARIANT(winograd_upstream)(const vector *in, ptrdiff_t step, vector *out, ptrdiff_t out_step) {
  const vector a = in[0], b = in[step];
  out[0] = a;
  out[out_step] = a + b;
  out[2 * out_step] = a - b;
  out[3 * out_step] = -b;
}

// G g of three values: what a row or column of a kernel becomes.
VECTOR_INLINE void VARIANT(winograd_kernel)(const vector *in, ptrdiff_t step, vector *out, ptrdiff_t out_step) {
  const vector a = in[0], b = in[step], c = in[2 * step], sum = a + c;
  out[0] = a;
  out[out_step] = (sum + b) * 0.5f;
  out[2 * out_step] = (sum - b) * 0.5f;
  out[3 * out_step] = c;
}

// Gᵀ u of four values: a row or column of a kernel's gradient.
VECTOR_INLINE void VARIANT(winograd_kernel_gradient)(const vector *in, ptrdiff_t step, vector *out,
                                                     ptrdiff_t out_step) {
  const vector a = in[0], b = in[step], c = in[2 * step], d = in[3 * step];
  out[0] = a + (b + c) * 0.5f;
  out[out_step] = (b - c) * 0.5f;
  out[2 * out_step] = (b + c) * 0.5f + d;
}

// A place of an image, 0 outside.
VECTOR_INLINE void VARIANT(winograd_load)(const float *plane, int height, int width, int y, int x, vector *value) {
  if (y < height && x < width) *value = AT(plane + ((ptrdiff_t)y * width + x) * LANES);
  else *value = 0;
}

static VECTORIZED void VARIANT(winograd_transform_weights)(const direct_shape *shape, const float *weight,
                                                           float *transformed) {
  const ptrdiff_t count = blocks_of(shape->out_channels) * shape->in_channels;
  for (ptrdiff_t i = 0; i < count; i++) {
    vector kernel[9], half[12], tile[TILE_PLACES];
    UNROLL for (int k = 0; k < 9; k++) kernel[k] = AT(weight + (i * 9 + k) * LANES);
    UNROLL for (int x = 0; x < 3; x++) VARIANT(winograd_kernel)(kernel + x, 3, half + x, 3);
    UNROLL for (int y = 0; y < TILE; y++) VARIANT(winograd_kernel)(half + 3 * y, 1, tile + TILE * y, 1);
    UNROLL for (int k = 0; k < TILE_PLACES; k++) PUT(transformed + (k * count + i) * LANES) = tile[k];
  }
}

// The tiles of some rows of a sample: axes (place in tile, in block, tile, in in block).
VECTOR_INLINE void VARIANT(winograd_source_tiles)(const direct_shape *shape, const float *sample, int first,
                                                  int rows, float *tiles) {
  const ptrdiff_t blocks = blocks_of(shape->in_channels), all = tiles_at_once(shape);
  const int columns = tile_columns(shape);
  for (ptrdiff_t b = 0; b < blocks; b++) {
    const float *plane = sample + b * shape->height * shape->width * LANES;
    for (int row = 0; row < rows; row++)
      for (int column = 0; column < columns; column++) {
        vector values[TILE_PLACES], half[TILE_PLACES], tile[TILE_PLACES];
        UNROLL for (int y = 0; y < TILE; y++)
          UNROLL for (int x = 0; x < TILE; x++)
            VARIANT(winograd_load)(plane, shape->height, shape->width, (first + row) * RESULTS + y,
                                   column * RESULTS + x, &values[y * TILE + x]);
        UNROLL for (int x = 0; x < TILE; x++) VARIANT(winograd_source)(values + x, TILE, half + x, TILE);
        UNROLL for (int y = 0; y < TILE; y++)
          VARIANT(winograd_source)(half + TILE * y, 1, tile + TILE * y, 1);
        float *to = tiles + (b * all + row * columns + column) * LANES;
        UNROLL for (int k = 0; k < TILE_PLACES; k++) PUT(to + k * blocks * all * LANES) = tile[k];
      }
  }
}

// Where each channel of the source is among the tiles of one place.
VECTOR_INLINE void VARIANT(winograd_taps)(const direct_shape *shape, ptrdiff_t *taps) {
  const ptrdiff_t all = tiles_at_once(shape);
  for (ptrdiff_t in = 0; in < shape->in_channels; in++) taps[in] = in / LANES * all * LANES + in % LANES;
}

// One block of results of some rows of tiles.
VECTOR_INLINE void VARIANT(winograd_results)(const direct_shape *shape, const float *products, ptrdiff_t distance,
                                             int first, int rows, const vector *bias, int relu, float *plane) {
  const int columns = tile_columns(shape), height = out_height(shape), width = out_width(shape);
  for (int row = 0; row < rows; row++)
    for (int column = 0; column < columns; column++) {
      const float *from = products + ((ptrdiff_t)row * columns + column) * LANES;
      vector tile[TILE_PLACES], half[RESULTS * TILE], results[RESULTS * RESULTS];
      UNROLL for (int k = 0; k < TILE_PLACES; k++) tile[k] = AT(from + k * distance);
      UNROLL for (int x = 0; x < TILE; x++) VARIANT(winograd_result)(tile + x, TILE, half + x, TILE);
      UNROLL for (int y = 0; y < RESULTS; y++)
        VARIANT(winograd_result)(half + TILE * y, 1, results + RESULTS * y, 1);
      UNROLL for (int y = 0; y < RESULTS; y++)
        UNROLL for (int x = 0; x < RESULTS; x++) {
          const int at_y = (first + row) * RESULTS + y, at_x = column * RESULTS + x;
          if (at_y >= height || at_x >= width) continue;
          vector value = results[y * RESULTS + x] + *bias;
          if (relu) value = value < 0 ? (vector)0 : value;
          PUT(plane + ((ptrdiff_t)at_y * width + at_x) * LANES) = value;
        }
    }
}

static VECTORIZED void VARIANT(winograd_forward)(const direct_shape *shape, const float *source,
                                                 const float *transformed, const float *bias, int relu,
                                                 float *scratch, float *result) {
  const ptrdiff_t in_blocks = blocks_of(shape->in_channels), out_blocks = blocks_of(shape->out_channels);
  const ptrdiff_t all = tiles_at_once(shape), inputs = shape->in_channels;
  const ptrdiff_t source_size = in_blocks * shape->height * shape->width * LANES;
  const ptrdiff_t plane = (ptrdiff_t)out_height(shape) * out_width(shape) * LANES;
  const int columns = tile_columns(shape), rows_there = tile_rows(shape), step = rows_at_once(shape);
  float *tiles = scratch, *products = tiles + source_numbers(shape);
  ptrdiff_t *taps = (ptrdiff_t *)(products + result_numbers(shape));
  VARIANT(winograd_taps)(shape, taps);
  const vector none = 0;
  for (ptrdiff_t n = 0; n < shape->samples; n++)
    for (int first = 0; first < rows_there; first += step) {
      const int rows = rows_there - first < step ? rows_there - first : step;
      const int count = rows * columns, parts = (count + MOST_PLACES - 1) / MOST_PLACES;
      VARIANT(winograd_source_tiles)(shape, source + n * source_size, first, rows, tiles);
      for (ptrdiff_t k = 0; k < TILE_PLACES; k++)
        for (ptrdiff_t b = 0; b < out_blocks; b++) {
          const float *weights = transformed + (k * out_blocks + b) * inputs * LANES;
          for (int part = 0, at = 0; part < parts; part++) {
            const int places = (count - at + parts - part - 1) / (parts - part);
            VARIANT(direct_some_places)(places, LANES, inputs, taps,
                                        tiles + (k * in_blocks * all + at) * LANES, weights, &none, 0,
                                        products + ((k * out_blocks + b) * all + at) * LANES);
            at += places;
          }
        }
      for (ptrdiff_t b = 0; b < out_blocks; b++) {
        vector shift = 0;
        if (bias) shift = AT(bias + b * LANES);
        VARIANT(winograd_results)(shape, products + b * all * LANES, out_blocks * all * LANES, first, rows,
                                  &shift, relu, result + (n * out_blocks + b) * plane);
      }
    }
}

// The tiles of the result's gradient of some rows: axes (place in tile, out block, tile, out in block). Adds to the
// gradient by the bias.
VECTOR_INLINE void VARIANT(winograd_upstream_tiles)(const direct_shape *shape, const float *sample, int first,
                                                    int rows, float *tiles, float *bias_gradient) {
  const ptrdiff_t blocks = blocks_of(shape->out_channels), all = tiles_at_once(shape);
  const int columns = tile_columns(shape), height = out_height(shape), width = out_width(shape);
  for (ptrdiff_t b = 0; b < blocks; b++) {
    const float *plane = sample + b * height * width * LANES;
    vector bias = 0;
    for (int row = 0; row < rows; row++)
      for (int column = 0; column < columns; column++) {
        vector values[RESULTS * RESULTS], half[TILE * RESULTS], tile[TILE_PLACES];
        UNROLL for (int y = 0; y < RESULTS; y++)
          UNROLL for (int x = 0; x < RESULTS; x++)
            VARIANT(winograd_load)(plane, height, width, (first + row) * RESULTS + y, column * RESULTS + x,
                                   &values[y * RESULTS + x]);
        bias += (values[0] + values[1]) + (values[2] + values[3]);
        UNROLL for (int x = 0; x < RESULTS; x++)
          VARIANT(winograd_upstream)(values + x, RESULTS, half + x, RESULTS);
        UNROLL for (int y = 0; y < TILE; y++)
          VARIANT(winograd_upstream)(half + RESULTS * y, 1, tile + TILE * y, 1);
        float *to = tiles + (b * all + row * columns + column) * LANES;
        UNROLL for (int k = 0; k < TILE_PLACES; k++) PUT(to + k * blocks * all * LANES) = tile[k];
      }
    PUT(bias_gradient + b * LANES) = AT(bias_gradient + b * LANES) + bias;
  }
}

static VECTORIZED void VARIANT(winograd_weight_gradient)(const direct_shape *shape, const float *source,
                                                         const float *gradient, float *scratch,
                                                         float *transformed, float *weight_gradient,
                                                         float *bias_gradient) {
  const ptrdiff_t in_blocks = blocks_of(shape->in_channels), out_blocks = blocks_of(shape->out_channels);
  const ptrdiff_t all = tiles_at_once(shape), inputs = shape->in_channels;
  const ptrdiff_t source_size = in_blocks * shape->height * shape->width * LANES;
  const ptrdiff_t result_size = out_blocks * out_height(shape) * out_width(shape) * LANES;
  const int columns = tile_columns(shape), rows_there = tile_rows(shape), step = rows_at_once(shape);
  float *tiles = scratch, *upstream = tiles + source_numbers(shape);
  ptrdiff_t *taps = (ptrdiff_t *)(upstream + result_numbers(shape));
  VARIANT(winograd_taps)(shape, taps);
  memset(transformed, 0, winograd_weight_count(shape) * sizeof(float));
  memset(bias_gradient, 0, (size_t)(out_blocks * LANES) * sizeof(float));
  for (ptrdiff_t n = 0; n < shape->samples; n++)
    for (int first = 0; first < rows_there; first += step) {
      const int rows = rows_there - first < step ? rows_there - first : step;
      VARIANT(winograd_source_tiles)(shape, source + n * source_size, first, rows, tiles);
      VARIANT(winograd_upstream_tiles)(shape, gradient + n * result_size, first, rows, upstream, bias_gradient);
      for (ptrdiff_t k = 0; k < TILE_PLACES; k++)
        for (ptrdiff_t b = 0; b < out_blocks; b++) {
          float *sums = transformed + (k * out_blocks + b) * inputs * LANES;
          const float *from = tiles + k * in_blocks * all * LANES;
          const float *row = upstream + (k * out_blocks + b) * all * LANES;
          ptrdiff_t t = 0;
          for (; t + MOST_TAPS <= inputs; t += MOST_TAPS)
            VARIANT(direct_row)(MOST_TAPS, LANES, taps + t, from, row, rows * columns, sums + t * LANES);
          for (; t < inputs; t++)
            VARIANT(direct_row)(1, LANES, taps + t, from, row, rows * columns, sums + t * LANES);
        }
    }
  const ptrdiff_t count = out_blocks * inputs;
  for (ptrdiff_t i = 0; i < count; i++) {
    vector tile[TILE_PLACES], half[12], kernel[9];
    UNROLL for (int k = 0; k < TILE_PLACES; k++) tile[k] = AT(transformed + (k * count + i) * LANES);
    UNROLL for (int x = 0; x < TILE; x++) VARIANT(winograd_kernel_gradient)(tile + x, TILE, half + x, TILE);
    UNROLL for (int y = 0; y < 3; y++)
      VARIANT(winograd_kernel_gradient)(half + TILE * y, 1, kernel + 3 * y, 1);
    UNROLL for (int k = 0; k < 9; k++) PUT(weight_gradient + (i * 9 + k) * LANES) = kernel[k];
  }
}
