// Prints a digest of the results of every kernel, on inputs made by an integer hash: two processors with the same lines
// give the same bits. The argument is the width of vectors, 256 or 512.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

// Inputs must be the same too.
#pragma STDC FP_CONTRACT OFF

static uint32_t salt;

static uint32_t word(uint32_t index) {
  uint32_t x = index + salt * 0x9E3779B9u;
  x = (x ^ x >> 16) * 0x85EBCA6Bu;
  x = (x ^ x >> 13) * 0xC2B2AE35u;
  return x ^ x >> 16;
}

static void *room(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (!memory) exit(2);
  memset(memory, 0, (bytes + 127) / 64 * 64);
  return memory;
}

// Numbers in [−1, 1).
static float *numbers(size_t count) {
  float *values = room(count * sizeof(float));
  salt++;
  for (size_t i = 0; i < count; i++) values[i] = (float)(word((uint32_t)i) >> 8) * 0x1p-23f - 1;
  return values;
}

static float *zeros(size_t count) { return room(count * sizeof(float)); }

// FNV-1a, 64 bits, over the bytes.
static void show(const char *name, const void *values, size_t bytes) {
  uint64_t state = 0xCBF29CE484222325u;
  for (size_t i = 0; i < bytes; i++) state = (state ^ ((const uint8_t *)values)[i]) * 0x100000001B3u;
  printf("%-40s %016llx\n", name, (unsigned long long)state);
}

static void show_floats(const char *name, const float *values, size_t count) {
  show(name, values, count * sizeof(float));
}

static size_t blocks(int channels) { return (size_t)(channels + 15) / 16; }

static void spectral(int width, int in, int out, int height, int samples) {
  spectral_shape shape = {samples, in, out, height, height, width};
  const size_t side = (size_t)height + 4, source_count = in < 16 ? blocks(samples) * 16 * in * side * side
                                                                  : (size_t)samples * in * side * side;
  const size_t result_count = (size_t)samples * out * height * height, weight_count = (size_t)out * in * 25;
  const size_t pooled = (size_t)samples * out * (height / 2) * (height / 2);
  float *source = numbers(source_count), *weight = numbers(weight_count), *bias = numbers(out);
  float *spectra = zeros(spectral_weight_count(&shape)), *kept = zeros(spectral_source_count(&shape));
  float *scratch = zeros(spectral_scratch_count(&shape)), *result = zeros(result_count);
  float *base = zeros(out);
  double *sums = room(out * sizeof(double)), *squares = room(out * sizeof(double));
  spectral_transform_weights(&shape, weight, spectra);
  spectral_moments moments = {base, sums, squares};
  spectral_forward(&shape, source, spectra, bias, 1, &moments, 1, kept, scratch, result);
  char name[64];
#define NAME(text) (snprintf(name, sizeof name, "spectral %d-%d-%d %s", in, out, height, text), name)
  show_floats(NAME("result"), result, result_count);
  show(NAME("sums"), sums, out * sizeof(double));
  show(NAME("squares"), squares, out * sizeof(double));
  uint8_t *choice = room(pooled);
  for (size_t i = 0; i < pooled; i++) choice[i] = word((uint32_t)i) % 5;
  float *upstream = numbers(pooled), *coefficients = numbers(3 * (size_t)out);
  spectral_upstream from = {upstream, choice, result, coefficients};
  float *gradient_spectra = zeros(spectral_weight_count(&shape)), *bias_gradient = zeros(out);
  float *weight_gradient = zeros(weight_count), *source_gradient = in < 16 ? NULL : zeros(source_count);
  if (source_gradient) spectral_transform_transposed_weights(&shape, weight, spectra);
  spectral_backward(&shape, &from, kept, spectra, 1, gradient_spectra, bias_gradient, scratch, source_gradient);
  spectral_weight_gradient(&shape, gradient_spectra, weight_gradient);
  show_floats(NAME("weight gradient"), weight_gradient, weight_count);
  show_floats(NAME("bias gradient"), bias_gradient, out);
  if (source_gradient) show_floats(NAME("source gradient"), source_gradient, source_count);
}

static void connected(int width, int inputs, int outputs, int samples) {
  connected_shape shape = {samples, inputs, outputs, inputs, outputs, width};
  const size_t filled = blocks(inputs) * 16 * blocks(outputs) * 16;
  float *source = numbers((size_t)samples * inputs), *weight = zeros(filled), *bias = numbers(outputs);
  salt++;
  for (size_t i = 0; i < (size_t)inputs; i++)
    for (size_t o = 0; o < (size_t)outputs; o++)
      weight[(o / 16 * blocks(inputs) * 16 + i) * 16 + o % 16] = (float)(word((uint32_t)(i * outputs + o)) >> 8) * 0x1p-23f - 1;
  float *result = zeros((size_t)samples * outputs), *gradient = numbers((size_t)samples * outputs);
  float *scratch = zeros(connected_scratch_count(&shape)), *weight_gradient = zeros(filled);
  float *bias_gradient = zeros(outputs), *source_gradient = zeros((size_t)samples * inputs);
  connected_forward(&shape, source, weight, bias, 1, result);
  show_floats("connected result", result, (size_t)samples * outputs);
  connected_backward(&shape, source, weight, result, gradient, scratch, weight_gradient, bias_gradient, source_gradient, 0);
  show_floats("connected weight gradient", weight_gradient, filled);
  show_floats("connected bias gradient", bias_gradient, outputs);
  show_floats("connected source gradient", source_gradient, (size_t)samples * inputs);
  const connected_step step = {0.01f, 0.001f};
  connected_backward(&shape, source, weight, result, gradient, scratch, weight_gradient, bias_gradient, source_gradient,
                     &step);
  show_floats("connected weight after a step", weight, filled);
}

static void direct(int width, int in, int out, int side, int kernel, int planes, int samples) {
  direct_shape shape = {samples, in, out, side, side, kernel, planes, width};
  const size_t end = (size_t)(side - kernel + 1), area = (size_t)kernel * kernel;
  float *source = numbers((size_t)samples * (planes ? (size_t)in : blocks(in) * 16) * side * side);
  float *weight = numbers(blocks(out) * in * area * 16), *bias = numbers(blocks(out) * 16);
  float *scratch = zeros(direct_scratch_count(&shape)), *transposed = zeros(blocks(in) * 16 * out * area);
  const size_t result_count = samples * blocks(out) * 16 * end * end;
  float *result = zeros(result_count), *gradient = numbers(result_count);
  float *weight_gradient = zeros(blocks(out) * in * area * 16), *bias_gradient = zeros(blocks(out) * 16);
  direct_forward(&shape, source, weight, bias, 1, scratch, result);
  show_floats("direct result", result, result_count);
  direct_weight_gradient(&shape, source, gradient, scratch, weight_gradient, bias_gradient);
  show_floats("direct weight gradient", weight_gradient, blocks(out) * in * area * 16);
  show_floats("direct bias gradient", bias_gradient, blocks(out) * 16);
  direct_transpose_weights(&shape, weight, transposed);
  show_floats("direct transposed weights", transposed, blocks(in) * 16 * out * area);
}

static void winograd(int width, int in, int out, int side, int samples) {
  direct_shape shape = {samples, in, out, side, side, 3, 0, width};
  const size_t end = (size_t)side - 2, result_count = samples * blocks(out) * 16 * end * end;
  float *source = numbers(samples * blocks(in) * 16 * side * side), *weight = numbers(blocks(out) * in * 9 * 16);
  float *bias = numbers(blocks(out) * 16), *transformed = zeros(winograd_weight_count(&shape));
  float *scratch = zeros(winograd_scratch_count(&shape)), *result = zeros(result_count);
  float *gradient = numbers(result_count), *weight_gradient = zeros(blocks(out) * in * 9 * 16);
  float *bias_gradient = zeros(blocks(out) * 16);
  winograd_transform_weights(&shape, weight, transformed);
  winograd_forward(&shape, source, transformed, bias, 1, scratch, result);
  show_floats("winograd result", result, result_count);
  winograd_weight_gradient(&shape, source, gradient, scratch, transformed, weight_gradient, bias_gradient);
  show_floats("winograd weight gradient", weight_gradient, blocks(out) * in * 9 * 16);
  show_floats("winograd bias gradient", bias_gradient, blocks(out) * 16);
}

static void fused(int block, int channels, int side, int samples) {
  fused_shape shape = {samples, channels, side, side, block};
  const size_t count = (size_t)samples * channels * side * side, pooled = (size_t)samples * channels * (side / 2) * (side / 2);
  float *x = numbers(count), *scale = numbers(channels), *shift = numbers(channels), *base = zeros(channels);
  float *mean = zeros(channels), *variance = zeros(channels), *result = zeros(pooled), *chosen = zeros(pooled);
  double *sums = room(channels * sizeof(double)), *squares = room(channels * sizeof(double));
  uint8_t *choice = room(pooled);
  fused_add_moments(&shape, x, 1, base, sums, squares);
  fused_statistics(&shape, base, sums, squares, mean, variance);
  show_floats("fused mean", mean, channels);
  show_floats("fused variance", variance, channels);
  fused_forward(&shape, x, mean, variance, scale, shift, 1e-5f, result, choice, chosen);
  show_floats("fused result", result, pooled);
  show("fused choice", choice, pooled);
  float *upstream = numbers(pooled), *coefficients = zeros(3 * (size_t)channels), *gradient = zeros(count);
  float *scale_gradient = zeros(channels), *shift_gradient = zeros(channels);
  fused_gradients(&shape, mean, variance, scale, 1e-5f, upstream, choice, chosen, coefficients, scale_gradient, shift_gradient);
  show_floats("fused coefficients", coefficients, 3 * (size_t)channels);
  show_floats("fused scale gradient", scale_gradient, channels);
  fused_spread(&shape, x, coefficients, upstream, choice, gradient);
  show_floats("fused gradient", gradient, count);
  pool_forward(&shape, x, result, choice);
  show_floats("pool result", result, pooled);
  pool_backward(&shape, upstream, choice, gradient);
  show_floats("pool gradient", gradient, count);
}

static void layers(int channels, int side, int samples) {
  const size_t filled = blocks(channels) * 16, count = samples * filled * side * side;
  plane_shape planes = {(int64_t)(samples * blocks(channels)), side, side};
  layer_shape shape = {samples, channels, side * side};
  float *x = numbers(count), *padded = zeros(count * 4), *cropped = zeros(count), *result = zeros(count);
  pad_planes(&planes, 16, 2, x, padded);
  show_floats("padded", padded, samples * filled * (side + 4) * (side + 4));
  planes.height = planes.width = side;
  crop_planes(&planes, 16, 2, padded, cropped);
  show_floats("cropped", cropped, count);
  uint8_t *choice = room(count);
  float *upstream = numbers(count), *gradient = zeros(count);
  for (int size = 2; size <= 3; size++) {
    const size_t pooled = samples * filled * (side / size) * (side / size);
    maximum_pool(&planes, size, x, result, choice);
    show_floats("maximum pool", result, pooled);
    maximum_pool_gradient(&planes, size, choice, upstream, gradient);
    show_floats("maximum pool gradient", gradient, count);
    average_pool(&planes, size, x, result);
    show_floats("average pool", result, pooled);
    average_pool_gradient(&planes, size, upstream, gradient);
    show_floats("average pool gradient", gradient, count);
  }
  float *mean = numbers(filled), *variance = numbers(filled), *scale = numbers(filled), *shift = numbers(filled);
  for (size_t c = 0; c < filled; c++) variance[c] = variance[c] * variance[c] + 0.1f;
  float *scale_gradient = zeros(filled), *shift_gradient = zeros(filled);
  normalise(&shape, x, mean, variance, scale, shift, 1e-5f, result);
  show_floats("normalise", result, count);
  normalise_gradient(&shape, x, mean, variance, scale, 1e-5f, upstream, gradient, scale_gradient, shift_gradient);
  show_floats("normalise gradient", gradient, count);
  show_floats("normalise scale gradient", scale_gradient, filled);
  const int groups = channels % 4 ? 2 : 4;
  float *scratch = zeros(group_scratch_count(&shape, groups));
  group_normalise(&shape, groups, x, scale, shift, 1e-5f, scratch, result);
  show_floats("group normalise", result, count);
  group_normalise_gradient(&shape, groups, x, scale, scratch, upstream, gradient, scale_gradient, shift_gradient);
  show_floats("group normalise gradient", gradient, count);
  show_floats("group normalise scale gradient", scale_gradient, filled);
  relu(x, result, (ptrdiff_t)count);
  relu_gradient(result, gradient, (ptrdiff_t)count);
  multiply_by(gradient, upstream, (ptrdiff_t)count);
  add_to(gradient, x, (ptrdiff_t)count);
  show_floats("relu, product and sum", gradient, count);
}

static void vectors(void) {
  enum { COUNT = 5003, ROWS = 9, COLUMNS = 1500 };
  float *p = numbers(COUNT), *g = numbers(COUNT), *v = numbers(COUNT), *anchor = numbers(COUNT), *c = numbers(COUNT);
  for (int kind = 0; kind < 16; kind++) {
    const descent step = {0.01f, kind & 1 ? 0.9f : 0, kind & 2 ? 0.001f : 0, 0, kind & 1, kind & 4 ? 0.7f : 1,
                          kind & 8 ? 0.3f : 0, kind & 8 ? anchor : NULL, kind & 4 ? c : NULL};
    vector_descend(p, g, kind & 1 ? v : NULL, COUNT, &step);
  }
  show_floats("descend", p, COUNT);
  vector_combine(p, 0.3f, g, -0.7f, v, COUNT);
  vector_divide(p, 3, COUNT);
  show_floats("combine and divide", p, COUNT);
  float *bank = numbers((size_t)ROWS * COLUMNS), *weights = numbers(ROWS * 3), *targets = zeros(3 * COLUMNS);
  const float *rows[ROWS];
  for (int r = 0; r < ROWS; r++) rows[r] = bank + (size_t)r * COLUMNS;
  bank_weighted_sums(rows, ROWS, weights, 3, 0, COLUMNS, targets);
  show_floats("weighted sums", targets, 3 * COLUMNS);
  double products[ROWS * 3], totals[2 * 100] = {0};
  bank_inner_products(rows, ROWS, targets, 3, 0, COLUMNS, products);
  show("inner products", products, sizeof products);
  float *head = numbers(300 * 100), *biases = numbers(300), *inputs = zeros(4 * 112), *results = zeros(4 * 300);
  for (int i = 0; i < 4; i++) memcpy(inputs + i * 112, g + i * 100, 100 * sizeof(float));
  head_apply(head, biases, 300, 100, inputs, 4, results);
  show_floats("head", results, 4 * 300);
  const float *changes[2] = {g, v};
  head_add_products(changes, 2, 0.4f, head, 300, 100, totals);
  show("head products", totals, sizeof totals);
  float *velocity = numbers(300 * 100);
  head_descend(head, velocity, 300, 100, g, v, 2, (head_descent){0.1f, 0.9f, 0.01f});
  show_floats("head descent", head, 300 * 100);
  uint8_t *pixels = room(20 * 75);
  for (int i = 0; i < 20 * 75; i++) pixels[i] = (uint8_t)word((uint32_t)i);
  int32_t samples[19];
  for (int i = 0; i < 19; i++) samples[i] = i * 7 % 20;
  float *gathered = zeros(2 * 75 * 16);
  gather_sample_blocks(pixels, 75, samples, 19, 2.0f / 255, -1, gathered);
  show_floats("gathered images", gathered, 2 * 75 * 16);
}

static void philox(void) {
  const uint32_t key[2] = {7, 1}, name[3] = {12, 3, 4};
  uint32_t *words = room(4 * 1003 * sizeof(uint32_t));
  philox_words(key, name, 0xFFFFFF00u, 1003, words);
  show("random words", words, 4 * 1003 * sizeof(uint32_t));
}

static void elementary(void) {
  // Differences of scores, and sums of 1 to 64 exponentials.
  const size_t count = 1 << 16;
  float *x = numbers(count), *y = zeros(count);
  for (size_t i = 0; i < count; i++) x[i] *= 110;
  elementary_exponentials(x, 1.5f, y, (int64_t)count);
  show_floats("exponentials", y, count);
  for (size_t i = 0; i < count; i++) y[i] = elementary_logarithm(1 + (110 + x[i]) * 0.3f);
  show_floats("logarithms", y, count);
}

int main(int count, char **arguments) {
  const int width = count == 2 ? atoi(arguments[1]) : 0;
  if (width != 256 && width != 512) {
    fprintf(stderr, "kernel_digests WIDTH: the width of vectors, 256 or 512\n");
    return 2;
  }
  if (width > widest_vectors()) {
    fprintf(stderr, "kernel_digests: this processor has vectors of %d bits\n", widest_vectors());
    return 3;
  }
  spectral(width, 3, 16, 28, 19);
  spectral(width, 16, 32, 10, 16);
  spectral(width, 1, 16, 24, 5);
  spectral(width, 32, 16, 8, 18);
  connected(width, 101, 37, 19);
  connected(width, 800, 120, 32);
  connected(width, 300, 33, 10);
  connected(width, 140, 10, 7);
  direct(width, 3, 20, 13, 3, 1, 3);
  direct(width, 18, 33, 11, 5, 0, 2);
  direct(width, 32, 16, 16, 1, 0, 2);
  direct(width, 5, 6, 17, 7, 0, 2);
  winograd(width, 20, 18, 13, 2);
  winograd(width, 32, 64, 30, 1);
  fused(16, 32, 13, 5);
  fused(8, 24, 10, 3);
  layers(20, 9, 3);
  layers(6, 12, 2);
  vectors();
  elementary();
  philox();
  return 0;
}
