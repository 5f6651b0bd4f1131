// The vector operations of simd/ops.md in plain C++: what every other target must equal.
// Included only by kernels/targets/scalar.cc.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/code_bias.h"

namespace parrotlet::scalar {

struct F32 {
  float v[16];
};
struct I32 {
  int32_t v[16];
};
struct Mask {
  bool v[16];
};
struct Bytes {
  uint8_t v[64];
};

// A vector whose lane i is of(i).
template <typename Vector, typename Of>
inline Vector Lanes(Of of) {
  Vector result;
  for (int i = 0; i < 16; ++i) result.v[i] = of(i);
  return result;
}

// Two's complement, wrapping like the SIMD targets.
inline int32_t Wrap(uint32_t x) { return static_cast<int32_t>(x); }

inline F32 Load(const float* p) {
  return Lanes<F32>([&](int i) { return p[i]; });
}
inline void Store(float* p, F32 a) {
  for (int i = 0; i < 16; ++i) p[i] = a.v[i];
}
inline F32 Splat(float x) {
  return Lanes<F32>([&](int) { return x; });
}
inline F32 operator+(F32 a, F32 b) {
  return Lanes<F32>([&](int i) { return a.v[i] + b.v[i]; });
}
inline F32 operator-(F32 a, F32 b) {
  return Lanes<F32>([&](int i) { return a.v[i] - b.v[i]; });
}
inline F32 operator*(F32 a, F32 b) {
  return Lanes<F32>([&](int i) { return a.v[i] * b.v[i]; });
}
inline F32 operator*(F32 a, float b) { return a * Splat(b); }
inline F32 operator/(F32 a, F32 b) {
  return Lanes<F32>([&](int i) { return a.v[i] / b.v[i]; });
}
inline F32 Max(F32 a, F32 b) {
  return Lanes<F32>([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline F32 Abs(F32 a) {
  return Lanes<F32>([&](int i) { return __builtin_fabsf(a.v[i]); });
}

inline Mask operator<(F32 a, F32 b) {
  return Lanes<Mask>([&](int i) { return a.v[i] < b.v[i]; });
}
inline Mask FirstLanes(int count) {
  return Lanes<Mask>([&](int i) { return i < count; });
}
inline F32 Select(Mask m, F32 a, F32 b) {
  return Lanes<F32>([&](int i) { return m.v[i] ? a.v[i] : b.v[i]; });
}
inline I32 Select(Mask m, I32 a, I32 b) {
  return Lanes<I32>([&](int i) { return m.v[i] ? a.v[i] : b.v[i]; });
}

inline F32 LoadFirst(const float* p, int count) {
  return Lanes<F32>([&](int i) { return i < count ? p[i] : 0.0f; });
}
inline void StoreFirst(float* p, int count, F32 a) {
  for (int i = 0; i < count; ++i) p[i] = a.v[i];
}

// Halves folded onto each other: 8, 4, 2, 1.
template <typename Op>
inline float Fold(F32 a, Op op) {
  for (int half = 8; half > 0; half /= 2) {
    F32 upper = {};
    for (int i = 0; i < half; ++i) upper.v[i] = a.v[i + half];
    a = op(a, upper);
  }
  return a.v[0];
}

inline I32 SplatI(int32_t x) {
  return Lanes<I32>([&](int) { return x; });
}
inline I32 LaneNumbers() {
  return Lanes<I32>([](int i) { return i; });
}
inline void Store(int32_t* p, I32 a) {
  for (int i = 0; i < 16; ++i) p[i] = a.v[i];
}
inline void StoreLowBytes(int8_t* p, I32 a) {
  for (int i = 0; i < 16; ++i) p[i] = static_cast<int8_t>(a.v[i]);
}
inline I32 operator+(I32 a, I32 b) {
  return Lanes<I32>([&](int i) { return Wrap(uint32_t(a.v[i]) + uint32_t(b.v[i])); });
}
inline I32 operator-(I32 a, I32 b) {
  return Lanes<I32>([&](int i) { return Wrap(uint32_t(a.v[i]) - uint32_t(b.v[i])); });
}
inline I32 operator^(I32 a, I32 b) {
  return Lanes<I32>([&](int i) { return a.v[i] ^ b.v[i]; });
}
template <int kBits>
inline I32 ShiftLeft(I32 a) {
  return Lanes<I32>([&](int i) { return Wrap(uint32_t(a.v[i]) << kBits); });
}
template <int kBits>
inline I32 ShiftRight(I32 a) {
  return Lanes<I32>([&](int i) { return a.v[i] >> kBits; });
}
inline int32_t Sum(I32 a) {
  uint32_t sum = 0;
  for (int i = 0; i < 16; ++i) sum += uint32_t(a.v[i]);
  return Wrap(sum);
}
inline F32 ToF32(I32 a) {
  return Lanes<F32>([&](int i) { return float(a.v[i]); });
}
inline F32 AsF32(I32 a) {
  return Lanes<F32>([&](int i) { return __builtin_bit_cast(float, a.v[i]); });
}
inline I32 AsI32(F32 a) {
  return Lanes<I32>([&](int i) { return __builtin_bit_cast(int32_t, a.v[i]); });
}

inline Bytes LoadBytes(const uint8_t* p) {
  Bytes result;
  __builtin_memcpy(result.v, p, sizeof result.v);
  return result;
}
inline I32 AsI32(Bytes a) {
  I32 result;
  __builtin_memcpy(result.v, a.v, sizeof result.v);
  return result;
}
template <int kShift, int kMask>
inline Bytes Field(Bytes line) {
  for (uint8_t& byte : line.v) byte = static_cast<uint8_t>(byte >> kShift & kMask);
  return line;
}

using Acts = const int8_t*;
template <int kCount>
inline Acts LoadActs(const int8_t* p) {
  return p;
}
template <int kFour>
inline Bytes Splat4(Acts acts) {
  Bytes result;
  for (int i = 0; i < 64; ++i) result.v[i] = static_cast<uint8_t>(acts[4 * kFour + i % 4]);
  return result;
}

template <int kBits>
using DotSum = I32;
template <int kBits>
constexpr int MaxDots(int /*max_operand*/) {
  return 1 << 14;
}
template <int kBits>
inline constexpr int kOperandBias = kCodeBias<kBits>;
template <int kBits>
inline Bytes ToOperand(Bytes codes) {
  return codes;
}
template <int kBits>
inline I32 ZeroDotSum() {
  return SplatI(0);
}
template <int kBits>
inline I32 AsDotSum(I32 sum) {
  return sum;
}
template <int kBits>
inline I32 Dot(I32 sum, Bytes operand, Bytes act) {
  for (int i = 0; i < 64; ++i) {
    const int code = kOperandBias<kBits> == 0 ? static_cast<int8_t>(operand.v[i]) : operand.v[i];
    const int product = code * static_cast<int8_t>(act.v[i]);
    sum.v[i / 4] = Wrap(uint32_t(sum.v[i / 4]) + uint32_t(product));
  }
  return sum;
}
template <int kBits>
inline I32 Widen(I32 sum) {
  return sum;
}

}  // namespace parrotlet::scalar
