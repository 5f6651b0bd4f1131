// exp, log, tanh, sigmoid and GELU of a vector, compiled once per target: made of the target's own
// additions, multiplications and divisions in a fixed order, so that all targets give the same
// bits. Included only by kernels/targets/*.cc, which name the target; hence no guard.
//
// The polynomials are minimax fits made for this file (reweighted least squares at Chebyshev
// points, coefficients rounded to float32); the error beside each is the fit's, without rounding.

namespace parrotlet::SIMD_TARGET {

// c[0] + c[1] x + ... by Horner's rule.
template <int kCount>
inline F32 Polynomial(F32 x, const float (&c)[kCount]) {
  F32 sum = Splat(c[kCount - 1]);
#pragma GCC unroll 16
  for (int i = kCount - 2; i >= 0; --i) sum = sum * x + Splat(c[i]);
  return sum;
}

// ln 2 in two parts, after Cody and Waite: the first has so few bits that its product with an
// exponent is exact.
inline constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

// 1.5 * 2^23: adding it rounds to the nearest integer, ties to even, and leaves that integer in the
// low bits of the sum; for sizes up to 2^22.
inline constexpr float kRound = 12582912.0f;

// e^x for x <= 0, exactly 1 at 0, and 0 below -87, before the result would be subnormal.
inline F32 Exp(F32 x) {
  // (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2; 3e-9 relative in e^r.
  constexpr float kTail[] = {0.5f, 0.16666518f, 0.041666206f, 0.00836889f, 0.001395049f};
  const F32 shifted = x * Splat(1.44269504f) + Splat(kRound);
  const F32 n = shifted - Splat(kRound);
  const F32 r = (x - n * Splat(kLn2High)) - n * Splat(kLn2Low);
  const F32 power = (Polynomial(r, kTail) * (r * r) + r) + Splat(1);
  const F32 result = AsF32(AsI32(power) + ShiftLeft<23>(AsI32(shifted)));  // * 2^n
  return Select(x < Splat(-87), Splat(0), result);
}

// Natural logarithm of positive, normal x.
inline F32 Log(F32 x) {
  // (log(1 + f) - f + f^2 / 2) / f^3 for 1 + f in [sqrt(1/2), sqrt(2)); 6e-9 relative in the log.
  constexpr float kTail[] = {0.33333331f, -0.2500082f,  0.20001227f, -0.16623357f,
                             0.14201757f, -0.13160183f, 0.12761576f, -0.07634497f};
  constexpr int32_t kSqrtHalf = 0x3f3504f3;
  const I32 exponent = ShiftRight<23>(AsI32(x) - SplatI(kSqrtHalf));
  const F32 f = AsF32(AsI32(x) - ShiftLeft<23>(exponent)) - Splat(1);
  const F32 e = ToF32(exponent);
  const F32 square = f * f;
  const F32 tail = Polynomial(f, kTail) * (square * f) + e * Splat(kLn2Low);
  return ((tail - Splat(0.5f) * square) + f) + e * Splat(kLn2High);
}

inline F32 Tanh(F32 x) {
  // (tanh(x) - x) / x^3 in x^2 for |x| <= 0.625; 4e-9 relative in tanh(x).
  constexpr float kTail[] = {-0.3333328f, 0.13331442f, -0.053739715f, 0.020639088f, -0.0057049873f};
  const F32 size = Abs(x);
  const F32 square = x * x;
  const F32 near = Polynomial(square, kTail) * (square * x) + x;
  const F32 e = Exp(Splat(-2) * size);
  const F32 far = (Splat(1) - e) / (Splat(1) + e);
  const F32 signed_far = Select(x < Splat(0), Splat(0) - far, far);
  return Select(size < Splat(0.625f), near, signed_far);
}

// factor / (1 + e^-x), which never overflows.
inline F32 TimesSigmoid(F32 factor, F32 x) {
  const F32 e = Exp(Splat(0) - Abs(x));
  return factor * Select(x < Splat(0), e, Splat(1)) / (Splat(1) + e);
}

inline F32 Silu(F32 x) { return TimesSigmoid(x, x); }

// max(x, 0) - |x| Q(|x|), where Q is the upper tail of the normal distribution: no cancellation,
// and as t Q(t) <= 0.17 a relative error of Q counts for little. Q(t) = 1 / (2 p(t)^8) with a
// polynomial p, a form that C. Hastings gave ("Approximations for Digital Computers", 1955): it
// needs no exponential and falls to 0 by itself: below 1e-13 from t = 8, and to nothing where p^8
// overflows, near t = 20. 5e-8 absolute in t Q(t).
inline F32 Gelu(F32 x) {
  constexpr float kRoot[] = {1.0f,          0.099732496f,    0.04478879f,
                             0.00859167f,   0.00098060885f,  0.00011139334f,
                             9.756399e-05f, -1.6743215e-05f, 2.9321418e-06f};
  const F32 size = Abs(x);
  F32 root = Polynomial(size, kRoot);
  root = root * root;
  root = root * root;
  root = root * root;
  return Max(x, Splat(0)) - size * Splat(0.5f) / root;
}

}  // namespace parrotlet::SIMD_TARGET
