#include <math.h>
#include <string.h>

#include "../Shared/processors.h"
#include "../Shared/vectors.h"
#include "layers.h"

#pragma STDC FP_CONTRACT OFF

typedef double doubles __attribute__((ext_vector_type(16)));

// Places whose sums stay in single precision.
enum { STRETCH = 32 };

static ptrdiff_t blocks_of(const layer_shape *shape) { return (shape->channels + 15) / 16; }

// Σ upstream and Σ upstream · (values − mean) over a plane; upstream null: Σ (values − mean) and Σ (values − mean)².
INLINE void plane_sums(ptrdiff_t area, const float *values, const float *upstream, const vector *mean,
                       doubles *plain, doubles *weighted) {
  *plain = *weighted = 0;
  for (ptrdiff_t start = 0; start < area; start += STRETCH) {
    vector sum = 0, products = 0;
    const ptrdiff_t end = start + STRETCH < area ? start + STRETCH : area;
    for (ptrdiff_t i = start; i < end; i++) {
      const vector difference = AT(values + i * LANES) - *mean;
      const vector factor = upstream ? AT(upstream + i * LANES) : difference;
      sum += factor;
      products += factor * difference;
    }
    *plain += __builtin_convertvector(sum, doubles);
    *weighted += __builtin_convertvector(products, doubles);
  }
}

// target = values · slope + upstream · factor + intercept over a plane; upstream null: without that part.
INLINE void plane_map(ptrdiff_t area, const float *values, const vector *slope, const float *upstream,
                      const vector *factor, const vector *intercept, float *target) {
  for (ptrdiff_t i = 0; i < area; i++) {
    vector value = AT(values + i * LANES) * *slope;
    if (upstream) value = value + AT(upstream + i * LANES) * *factor;
    PUT(target + i * LANES) = value + *intercept;
  }
}

FOR_EACH_PROCESSOR
void normalise(const layer_shape *shape, const float *source, const float *mean, const float *variance,
               const float *scale, const float *shift, float epsilon, float *result) {
  const ptrdiff_t blocks = blocks_of(shape), plane = (ptrdiff_t)shape->area * LANES;
  for (ptrdiff_t b = 0; b < blocks; b++) {
    vector factor = 0, offset = 0;
    for (int c = 0; c < LANES && b * LANES + c < shape->channels; c++) {
      const ptrdiff_t channel = b * LANES + c;
      factor[c] = scale[channel] / sqrtf(variance[channel] + epsilon);
      offset[c] = shift[channel] - mean[channel] * factor[c];
    }
    for (ptrdiff_t n = 0; n < shape->samples; n++) {
      const ptrdiff_t at = (n * blocks + b) * plane;
      plane_map(shape->area, source + at, &factor, 0, 0, &offset, result + at);
    }
  }
}

FOR_EACH_PROCESSOR
void normalise_gradient(const layer_shape *shape, const float *source, const float *mean,
                        const float *variance, const float *scale, float epsilon,
                        const float *result_gradient, float *source_gradient, float *scale_gradient,
                        float *shift_gradient) {
  const ptrdiff_t blocks = blocks_of(shape), plane = (ptrdiff_t)shape->area * LANES;
  const double count = (double)shape->samples * shape->area;
  for (ptrdiff_t b = 0; b < blocks; b++) {
    const vector middle = AT(mean + b * LANES);
    doubles plain = 0, weighted = 0;
    for (ptrdiff_t n = 0; n < shape->samples; n++) {
      const ptrdiff_t at = (n * blocks + b) * plane;
      doubles sum, products;
      plane_sums(shape->area, source + at, result_gradient + at, &middle, &sum, &products);
      plain += sum;
      weighted += products;
    }
    vector factor = 0, slope = 0, intercept = 0;
    for (int c = 0; c < LANES && b * LANES + c < shape->channels; c++) {
      const ptrdiff_t channel = b * LANES + c;
      const double inverse = 1 / sqrt((double)variance[channel] + epsilon);
      const double by_scale = weighted[c] * inverse, strength = scale[channel] * inverse;
      const double incline = -strength * inverse * by_scale / count;
      scale_gradient[channel] = (float)by_scale;
      shift_gradient[channel] = (float)plain[c];
      factor[c] = (float)strength;
      slope[c] = (float)incline;
      intercept[c] = (float)(-strength * plain[c] / count - incline * mean[channel]);
    }
    for (ptrdiff_t n = 0; n < shape->samples; n++) {
      const ptrdiff_t at = (n * blocks + b) * plane;
      plane_map(shape->area, source + at, &slope, result_gradient + at, &factor, &intercept,
                source_gradient + at);
    }
  }
}

// MARK: Groups

// Of every sample and group the mean and 1 / √(variance + ε); then six numbers of each channel to work with.
size_t group_scratch_count(const layer_shape *shape, int groups) {
  return (size_t)2 * shape->samples * groups + (size_t)6 * blocks_of(shape) * LANES * 2;
}

// Where the channels' numbers are, as doubles.
static double *channel_numbers(const layer_shape *shape, int groups, float *scratch) {
  return (double *)(scratch + (ptrdiff_t)2 * shape->samples * groups);
}

// The sums of every channel of a sample, each less the mean of its group.
INLINE void sample_sums(const layer_shape *shape, const float *values, const float *upstream,
                        const double *means, double *plain, double *weighted) {
  const ptrdiff_t plane = (ptrdiff_t)shape->area * LANES;
  for (ptrdiff_t b = 0; b < blocks_of(shape); b++) {
    vector mean;
    for (int c = 0; c < LANES; c++) mean[c] = (float)means[b * LANES + c];
    doubles sum, products;
    plane_sums(shape->area, values + b * plane, upstream ? upstream + b * plane : 0, &mean, &sum, &products);
    for (int c = 0; c < LANES; c++) {
      plain[b * LANES + c] = sum[c];
      weighted[b * LANES + c] = products[c];
    }
  }
}

FOR_EACH_PROCESSOR
void group_normalise(const layer_shape *shape, int groups, const float *source, const float *scale,
                     const float *shift, float epsilon, float *scratch, float *result) {
  const ptrdiff_t blocks = blocks_of(shape), plane = (ptrdiff_t)shape->area * LANES;
  const ptrdiff_t filled = blocks * LANES, members = shape->channels / groups;
  const double count = (double)members * shape->area;
  double *means = channel_numbers(shape, groups, scratch), *plain = means + filled;
  double *weighted = plain + filled;
  for (ptrdiff_t n = 0; n < shape->samples; n++) {
    const float *values = source + n * blocks * plane;
    float *statistics = scratch + 2 * n * groups;
    for (ptrdiff_t c = 0; c < filled; c++) means[c] = 0;
    sample_sums(shape, values, 0, means, plain, weighted);
    for (ptrdiff_t g = 0; g < groups; g++) {
      double sum = 0;
      for (ptrdiff_t c = g * members; c < (g + 1) * members; c++) sum += plain[c];
      statistics[2 * g] = (float)(sum / count);
      for (ptrdiff_t c = g * members; c < (g + 1) * members; c++) means[c] = statistics[2 * g];
    }
    sample_sums(shape, values, 0, means, plain, weighted);
    for (ptrdiff_t g = 0; g < groups; g++) {
      double sum = 0, square = 0;
      for (ptrdiff_t c = g * members; c < (g + 1) * members; c++) {
        sum += plain[c];
        square += weighted[c];
      }
      // The mean was rounded.
      const double rest = sum / count, variance = square / count - rest * rest;
      statistics[2 * g + 1] = (float)(1 / sqrt((variance < 0 ? 0 : variance) + epsilon));
    }
    for (ptrdiff_t b = 0; b < blocks; b++) {
      vector factor = 0, offset = 0;
      for (int i = 0; i < LANES && b * LANES + i < shape->channels; i++) {
        const ptrdiff_t c = b * LANES + i, g = c / members;
        factor[i] = statistics[2 * g + 1] * scale[c];
        offset[i] = shift[c] - statistics[2 * g] * factor[i];
      }
      plane_map(shape->area, values + b * plane, &factor, 0, 0, &offset,
                result + (n * blocks + b) * plane);
    }
  }
}

FOR_EACH_PROCESSOR
void group_normalise_gradient(const layer_shape *shape, int groups, const float *source,
                              const float *scale, float *scratch, const float *result_gradient,
                              float *source_gradient, float *scale_gradient, float *shift_gradient) {
  const ptrdiff_t blocks = blocks_of(shape), plane = (ptrdiff_t)shape->area * LANES;
  const ptrdiff_t filled = blocks * LANES, members = shape->channels / groups;
  const double count = (double)members * shape->area;
  double *means = channel_numbers(shape, groups, scratch), *plain = means + filled;
  double *weighted = plain + filled, *by_scale = weighted + filled, *by_shift = by_scale + filled;
  for (ptrdiff_t c = 0; c < filled; c++) means[c] = by_scale[c] = by_shift[c] = 0;
  for (ptrdiff_t n = 0; n < shape->samples; n++) {
    const float *values = source + n * blocks * plane, *upstream = result_gradient + n * blocks * plane;
    const float *statistics = scratch + 2 * n * groups;
    for (ptrdiff_t c = 0; c < shape->channels; c++) means[c] = statistics[2 * (c / members)];
    sample_sums(shape, values, upstream, means, plain, weighted);
    for (ptrdiff_t c = 0; c < shape->channels; c++) {
      by_shift[c] += plain[c];
      by_scale[c] += weighted[c] * statistics[2 * (c / members) + 1];
    }
    for (ptrdiff_t b = 0; b < blocks; b++) {
      vector factor = 0, slope = 0, intercept = 0;
      for (int i = 0; i < LANES && b * LANES + i < shape->channels; i++) {
        const ptrdiff_t channel = b * LANES + i, g = channel / members;
        const double inverse = statistics[2 * g + 1];
        double first = 0, second = 0;
        for (ptrdiff_t c = g * members; c < (g + 1) * members; c++) {
          first += scale[c] * plain[c];
          second += scale[c] * weighted[c];
        }
        const double incline = -inverse * inverse * inverse * second / count;
        factor[i] = (float)(inverse * scale[channel]);
        slope[i] = (float)incline;
        intercept[i] = (float)(-inverse * first / count - incline * means[channel]);
      }
      plane_map(shape->area, values + b * plane, &slope, upstream + b * plane, &factor, &intercept,
                source_gradient + (n * blocks + b) * plane);
    }
  }
  for (ptrdiff_t c = 0; c < shape->channels; c++) {
    scale_gradient[c] = (float)by_scale[c];
    shift_gradient[c] = (float)by_shift[c];
  }
}
