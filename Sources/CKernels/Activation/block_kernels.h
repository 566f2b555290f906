// The kernels for one number of channels in a block. Included once for each, with BLOCK and NAME(x)
// defined; a block is one vector.

typedef float NAME(vector) __attribute__((ext_vector_type(BLOCK)));
typedef int32_t NAME(integers) __attribute__((ext_vector_type(BLOCK)));
typedef uint8_t NAME(bytes) __attribute__((ext_vector_type(BLOCK)));
typedef double NAME(doubles) __attribute__((ext_vector_type(BLOCK)));

// As they lie in memory, aligned or not.
typedef float NAME(stored_vector) __attribute__((ext_vector_type(BLOCK), aligned(4)));
typedef uint8_t NAME(stored_bytes) __attribute__((ext_vector_type(BLOCK), aligned(1)));

#define VECTOR NAME(vector)
#define INTEGERS NAME(integers)
#define BYTES NAME(bytes)
#define DOUBLES NAME(doubles)
#define AT(pointer) (*(const NAME(stored_vector) *)(pointer))
#define PUT(pointer) (*(NAME(stored_vector) *)(pointer))
#define CHOICES(pointer) __builtin_convertvector(*(const NAME(stored_bytes) *)(pointer), INTEGERS)

INLINE void NAME(add_moments)(const fused_shape *shape, const float *x, int is_first, float *bases,
                              double *sums, double *squares) {
  const int blocks = shape->channels / BLOCK;
  const ptrdiff_t plane = (ptrdiff_t)shape->height * shape->width;
  for (int b = 0; b < blocks; b++) {
    if (is_first) {
      for (int c = b * BLOCK; c < (b + 1) * BLOCK; c++) sums[c] = squares[c] = 0;
      PUT(bases + b * BLOCK) = AT(x + b * plane * BLOCK);
    }
    const VECTOR base = AT(bases + b * BLOCK);
    DOUBLES all = 0, all_squares = 0;
    for (int n = 0; n < shape->samples; n++) {
      const float *values = x + ((ptrdiff_t)n * blocks + b) * plane * BLOCK;
      for (int y = 0; y < shape->height; y++) {
        VECTOR sum = 0, square = 0;
        for (int i = 0; i < shape->width; i++, values += BLOCK) {
          const VECTOR difference = AT(values) - base;
          sum += difference;
          square += difference * difference;
        }
        all += __builtin_convertvector(sum, DOUBLES);
        all_squares += __builtin_convertvector(square, DOUBLES);
      }
    }
    for (int c = 0; c < BLOCK; c++) {
      sums[b * BLOCK + c] += all[c];
      squares[b * BLOCK + c] += all_squares[c];
    }
  }
}

// The maximum of four values as PyTorch has it: of equals the first, and NaN wins.
#define CONSIDER(place, pointer)                                          \
  do {                                                                    \
    const VECTOR raw = AT(pointer), candidate = raw * f + o;              \
    const INTEGERS wins = (candidate > best) | (candidate != candidate);  \
    best = wins ? candidate : best;                                       \
    best_raw = wins ? raw : best_raw;                                     \
    chosen = wins ? (INTEGERS)(place) : chosen;                           \
  } while (0)

INLINE void NAME(pool)(const fused_shape *shape, const float *x, const float *factor,
                       const float *offset, float *pooled, uint8_t *choice, float *chosen_x) {
  const int blocks = shape->channels / BLOCK;
  const ptrdiff_t row = (ptrdiff_t)shape->width * BLOCK;
  const int height = shape->height / 2, width = shape->width / 2;
  for (int n = 0; n < shape->samples; n++) {
    for (int b = 0; b < blocks; b++) {
      const float *plane = x + ((ptrdiff_t)n * blocks + b) * shape->height * row;
      VECTOR f = 1, o = 0;
      for (int c = 0; factor && c < BLOCK; c++) {
        f[c] = factor[b * BLOCK + c];
        o[c] = offset[b * BLOCK + c];
      }
      for (int y = 0; y < height; y++) {
        const float *upper = plane + 2 * y * row, *lower = upper + row;
        for (int i = 0; i < width; i++) {
          VECTOR best_raw = AT(upper), best = best_raw * f + o;
          INTEGERS chosen = 0;
          CONSIDER(1, upper + BLOCK);
          CONSIDER(2, lower);
          CONSIDER(3, lower + BLOCK);
          const INTEGERS dead = best <= 0;
          PUT(pooled) = dead ? (VECTOR)0 : best;
          if (choice) {
            chosen = dead ? (INTEGERS)DEAD : chosen;
            *(NAME(stored_bytes) *)choice = __builtin_convertvector(chosen, BYTES);
            choice += BLOCK;
          }
          if (chosen_x) {
            PUT(chosen_x) = best_raw;
            chosen_x += BLOCK;
          }
          upper += 2 * BLOCK, lower += 2 * BLOCK, pooled += BLOCK;
        }
      }
    }
  }
}

// Σ gradient and Σ gradient · (x − mean) over the places that were chosen, axis (channel).
INLINE void NAME(sum_gradients)(const fused_shape *shape, const float *mean,
                                const float *pooled_gradient, const uint8_t *choice,
                                const float *chosen_x, double *plain, double *weighted) {
  const int blocks = shape->channels / BLOCK;
  const int height = shape->height / 2, width = shape->width / 2;
  const ptrdiff_t plane = (ptrdiff_t)height * width * BLOCK;
  for (int b = 0; b < blocks; b++) {
    DOUBLES sums = 0, products = 0;
    const VECTOR m = AT(mean + b * BLOCK);
    for (int n = 0; n < shape->samples; n++) {
      ptrdiff_t at = ((ptrdiff_t)n * blocks + b) * plane;
      for (int y = 0; y < height; y++) {
        VECTOR sum = 0, product = 0;
        for (int i = 0; i < width; i++, at += BLOCK) {
          const VECTOR gradient = AT(pooled_gradient + at);
          const VECTOR alive = CHOICES(choice + at) == DEAD ? (VECTOR)0 : gradient;
          sum += alive;
          product += alive * (AT(chosen_x + at) - m);
        }
        sums += __builtin_convertvector(sum, DOUBLES);
        products += __builtin_convertvector(product, DOUBLES);
      }
    }
    for (int c = 0; c < BLOCK; c++) {
      plain[b * BLOCK + c] = sums[c];
      weighted[b * BLOCK + c] = products[c];
    }
  }
}

// x_gradient = slope · x + intercept, and at the chosen places also factor · pooled_gradient; without
// a factor the pooled gradient at the chosen places alone.
INLINE void NAME(spread)(const fused_shape *shape, const float *x, const float *pooled_gradient,
                         const uint8_t *choice, const float *factor, const float *slope,
                         const float *intercept, float *x_gradient) {
  const int blocks = shape->channels / BLOCK;
  const ptrdiff_t row = (ptrdiff_t)shape->width * BLOCK;
  const int height = shape->height / 2, width = shape->width / 2;
  for (int n = 0; n < shape->samples; n++) {
    for (int b = 0; b < blocks; b++) {
      const ptrdiff_t plane = ((ptrdiff_t)n * blocks + b) * shape->height * row;
      VECTOR f = 1, s = 0, t = 0;
      for (int c = 0; factor && c < BLOCK; c++) {
        f[c] = factor[b * BLOCK + c];
        s[c] = slope[b * BLOCK + c];
        t[c] = intercept[b * BLOCK + c];
      }
#define BASE(position) (factor ? s * AT(x + (position)) + t : (VECTOR)0)
      for (int y = 0; y < height; y++) {
        ptrdiff_t upper = plane + 2 * y * row, lower = upper + row;
        for (int i = 0; i < width; i++) {
          const VECTOR gradient = f * AT(pooled_gradient);
          const INTEGERS chosen = CHOICES(choice);
          PUT(x_gradient + upper) = BASE(upper) + (chosen == 0 ? gradient : (VECTOR)0);
          PUT(x_gradient + upper + BLOCK) =
              BASE(upper + BLOCK) + (chosen == 1 ? gradient : (VECTOR)0);
          PUT(x_gradient + lower) = BASE(lower) + (chosen == 2 ? gradient : (VECTOR)0);
          PUT(x_gradient + lower + BLOCK) =
              BASE(lower + BLOCK) + (chosen == 3 ? gradient : (VECTOR)0);
          upper += 2 * BLOCK, lower += 2 * BLOCK, pooled_gradient += BLOCK, choice += BLOCK;
        }
        // A last column that pooling leaves out.
        for (int i = 2 * width; i < shape->width; i++, upper += BLOCK, lower += BLOCK) {
          PUT(x_gradient + upper) = BASE(upper);
          PUT(x_gradient + lower) = BASE(lower);
        }
      }
      // A last row that it leaves out.
      for (ptrdiff_t at = plane + 2 * height * row; at < plane + shape->height * row; at += BLOCK) {
        PUT(x_gradient + at) = BASE(at);
      }
#undef BASE
    }
  }
}

#undef CONSIDER
#undef CHOICES
#undef PUT
#undef AT
#undef DOUBLES
#undef BYTES
#undef INTEGERS
#undef VECTOR
