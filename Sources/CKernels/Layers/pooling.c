#include <string.h>

#include "../Shared/processors.h"
#include "../Shared/vectors.h"
#include "layers.h"

#pragma STDC FP_CONTRACT OFF

typedef int32_t integers __attribute__((ext_vector_type(16)));
typedef uint8_t bytes __attribute__((ext_vector_type(16), aligned(1)));

void pad_planes(const plane_shape *shape, int lanes, int border, const float *source, float *target) {
  const size_t row = (size_t)shape->width * lanes, side = (size_t)border * lanes;
  const size_t whole = row + 2 * side;
  for (int64_t p = 0; p < shape->planes; p++) {
    memset(target, 0, border * whole * sizeof(float));
    target += border * whole;
    for (int y = 0; y < shape->height; y++, source += row, target += whole) {
      memset(target, 0, side * sizeof(float));
      memcpy(target + side, source, row * sizeof(float));
      memset(target + side + row, 0, side * sizeof(float));
    }
    memset(target, 0, border * whole * sizeof(float));
    target += border * whole;
  }
}

void crop_planes(const plane_shape *shape, int lanes, int border, const float *source, float *target) {
  const size_t row = (size_t)shape->width * lanes, side = (size_t)border * lanes;
  const size_t whole = row + 2 * side;
  for (int64_t p = 0; p < shape->planes; p++) {
    source += border * whole;
    for (int y = 0; y < shape->height; y++, source += whole, target += row)
      memcpy(target, source + side, row * sizeof(float));
    source += border * whole;
  }
}

FOR_EACH_PROCESSOR
void maximum_pool(const plane_shape *shape, int size, const float *source, float *result, uint8_t *choice) {
  const int height = shape->height / size, width = shape->width / size;
  const ptrdiff_t row = (ptrdiff_t)shape->width * LANES;
  for (int64_t p = 0; p < shape->planes; p++, source += shape->height * row)
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++, result += LANES) {
        const float *window = source + y * size * row + (ptrdiff_t)x * size * LANES;
        vector best = AT(window);
        integers chosen = 0;
        for (int i = 0, place = 0; i < size; i++)
          for (int j = 0; j < size; j++, place++) {
            const vector candidate = AT(window + i * row + j * LANES);
            const integers wins = (candidate > best) | (candidate != candidate);
            best = wins ? candidate : best;
            chosen = wins ? (integers)place : chosen;
          }
        PUT(result) = best;
        if (!choice) continue;
        *(bytes *)choice = __builtin_convertvector(chosen, bytes);
        choice += LANES;
      }
}

FOR_EACH_PROCESSOR
void maximum_pool_gradient(const plane_shape *shape, int size, const uint8_t *choice,
                           const float *result_gradient, float *source_gradient) {
  const int height = shape->height / size, width = shape->width / size;
  const ptrdiff_t row = (ptrdiff_t)shape->width * LANES, plane = shape->height * row;
  for (int64_t p = 0; p < shape->planes; p++, source_gradient += plane) {
    // What is left over at the ends.
    if (shape->height % size || shape->width % size) memset(source_gradient, 0, plane * sizeof(float));
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++, result_gradient += LANES, choice += LANES) {
        float *window = source_gradient + y * size * row + (ptrdiff_t)x * size * LANES;
        const vector upstream = AT(result_gradient);
        const integers chosen = __builtin_convertvector(*(const bytes *)choice, integers);
        for (int i = 0, place = 0; i < size; i++)
          for (int j = 0; j < size; j++, place++)
            PUT(window + i * row + j * LANES) = chosen == (integers)place ? upstream : (vector)0;
      }
  }
}

FOR_EACH_PROCESSOR
void average_pool(const plane_shape *shape, int size, const float *source, float *result) {
  const int height = shape->height / size, width = shape->width / size;
  const ptrdiff_t row = (ptrdiff_t)shape->width * LANES;
  const float count = (float)size * size;
  for (int64_t p = 0; p < shape->planes; p++, source += shape->height * row)
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++, result += LANES) {
        const float *window = source + y * size * row + (ptrdiff_t)x * size * LANES;
        vector sum = 0;
        for (int i = 0; i < size; i++)
          for (int j = 0; j < size; j++) sum += AT(window + i * row + j * LANES);
        PUT(result) = sum / count;
      }
}

FOR_EACH_PROCESSOR
void average_pool_gradient(const plane_shape *shape, int size, const float *result_gradient,
                           float *source_gradient) {
  const int height = shape->height / size, width = shape->width / size;
  const ptrdiff_t row = (ptrdiff_t)shape->width * LANES, plane = shape->height * row;
  const float count = (float)size * size;
  for (int64_t p = 0; p < shape->planes; p++, source_gradient += plane) {
    if (shape->height % size || shape->width % size) memset(source_gradient, 0, plane * sizeof(float));
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++, result_gradient += LANES) {
        float *window = source_gradient + y * size * row + (ptrdiff_t)x * size * LANES;
        const vector share = AT(result_gradient) / count;
        for (int i = 0; i < size; i++)
          for (int j = 0; j < size; j++) PUT(window + i * row + j * LANES) = share;
      }
  }
}
