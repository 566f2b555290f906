#include "elementary.h"

#include <math.h>
#include <string.h>

#include "../Shared/processors.h"

enum { EXPONENTIAL_STEPS = 32, LOGARITHM_STEPS = 16 };

// 2^(i / 32).
static const double powers[EXPONENTIAL_STEPS] = {
  0x1p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0,
  0x1.172b83c7d517bp+0, 0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0,
  0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0, 0x1.3dea64c123422p+0, 0x1.44e086061892dp+0,
  0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0, 0x1.6247eb03a5585p+0,
  0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
  0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0,
  0x1.ae89f995ad3adp+0, 0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0,
  0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0, 0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0,
};

// exp(x) = 2^(k / 32) 2^(r / 32) with a whole number k and |r| ≤ 1/2, the second factor by a polynomial.
INLINE float exponential(float x) {
  const double turns = 0x1.71547652b82fep+0 * EXPONENTIAL_STEPS;  // 32 / ln 2
  const double nearest = 0x1.8p+52;                               // added, it leaves whole numbers
  const double cubic = 0x1.c6af84b912394p-5 / 32768, square = 0x1.ebfce50fac4f3p-3 / 1024;
  const double linear = 0x1.62e42ff0c52d6p-1 / 32;
  // Beyond, the result is 0 or infinite. A number that is none stays one.
  const float inside = x < -110.0f ? -110.0f : x > 100.0f ? 100.0f : x;
  const double shifted = fma(turns, inside, nearest);
  const double whole = shifted - nearest;
  const double r = fma(turns, inside, -whole);
  uint64_t k, bits;
  memcpy(&k, &shifted, sizeof k);
  memcpy(&bits, &powers[k & (EXPONENTIAL_STEPS - 1)], sizeof bits);
  bits += (k >> 5) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  const double high = fma(cubic, r, square);
  const double low = fma(linear, r, 1.0);
  return (float)(fma(high, r * r, low) * power);
}

FOR_EACH_PROCESSOR
void elementary_exponentials(const float *x, float offset, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = exponential(x[i] - offset);
}

// 1 / c and log(c) for numbers c in the stretches of [0.7, 1.4].
static const double inverses[LOGARITHM_STEPS] = {
  0x1.661ec79f8f3bep+0, 0x1.571ed4aaf883dp+0, 0x1.49539f0f010bp+0, 0x1.3c995b0b80385p+0,
  0x1.30d190c8864a5p+0, 0x1.25e227b0b8eap+0, 0x1.1bb4a4a1a343fp+0, 0x1.12358f08ae5bap+0,
  0x1.0953f419900a7p+0, 0x1p+0, 0x1.e608cfd9a47acp-1, 0x1.ca4b31f026aap-1,
  0x1.b2036576afce6p-1, 0x1.9c2d163a1aa2dp-1, 0x1.886e6037841edp-1, 0x1.767dcf5534862p-1,
};
static const double logarithms[LOGARITHM_STEPS] = {
  -0x1.57bf7808caadep-2, -0x1.2bef0a7c06ddbp-2, -0x1.01eae7f513a67p-2, -0x1.b31d8a68224e9p-3,
  -0x1.6574f0ac07758p-3, -0x1.1aa2bc79c81p-3, -0x1.a4e76ce8c0e5ep-4, -0x1.1973c5a611cccp-4,
  -0x1.252f438e10c1ep-5, 0x0p+0, 0x1.aa5aa5df25984p-5, 0x1.c5e53aa362eb4p-4,
  0x1.526e57720db08p-3, 0x1.bc2860d22477p-3, 0x1.1058bc8a07ee1p-2, 0x1.4043057b6ee09p-2,
};

// log(2^k z) = k log 2 + log c + log(z / c), the last by a polynomial in z / c − 1.
FOR_EACH_PROCESSOR
float elementary_logarithm(float x) {
  if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
  if (isinf(x) || x == 1) return x == 1 ? 0 : x;
  // Numbers of less than full precision are scaled up.
  const int is_small = x < 0x1p-126f;
  if (is_small) x *= 0x1p23f;
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint32_t start = 0x3f330000;  // about 0.7
  const uint32_t above = bits - start;
  const int step = (above >> 19) % LOGARITHM_STEPS;
  const int k = (int32_t)above >> 23;
  bits -= above & 0xff800000;
  float z;
  memcpy(&z, &bits, sizeof z);
  const double r = fma(z, inverses[step], -1.0);
  const double start_of_step =
    fma((double)(k - (is_small ? 23 : 0)), 0x1.62e42fefa39efp-1, logarithms[step]);
  const double high = fma(0x1.5575b0be00b6ap-2, r, -0x1.ffffef20a4123p-2);
  const double square = r * r;
  const double polynomial = fma(-0x1.00ea348b88334p-2, square, high);
  return (float)fma(polynomial, square, start_of_step + r);
}
