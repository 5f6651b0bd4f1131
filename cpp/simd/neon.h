// The vector operations of simd/ops.md for ARM CPUs without the dot product instructions.
// Included only by kernels/targets/neon.cc, below SIMD_TARGET.
#pragma once

#include "simd/code_bias.h"
#include "simd/neon-inl.h"

namespace parrotlet::neon {

using Acts = const int8_t*;
template <int kCount>
inline Acts LoadActs(const int8_t* p) {
  return p;
}
template <int kFour>
inline int8x16_t Splat4(Acts acts) {
  int32_t four;
  __builtin_memcpy(&four, acts + 4 * kFour, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

// smlal multiplies signed bytes and adds the products, not yet their fours, to int16. As |act| is
// at most 127, an int16 takes the products of MaxDots dots of int2 or int4 codes exactly, and that
// of two such sums: 43 of int2, 8 of int4. A product of int8 codes is at most 128 * 127, and pairs
// of them are added to int32 at once. Both stand in pairs: of registers a to d of a vector, the
// first two channels and the last two.
struct I16 {
  int16x8_t a, b, c, d;
};
template <int kBits>
struct DotSum {
  I16 low, high;  // four sums of each channel
};
template <>
struct DotSum<8> {
  I32 low, high;  // two sums of each channel
};
template <int kBits>
constexpr int MaxDots(int max_operand) {
  return kBits == 8 ? 1 << 14 : 32767 / (2 * 127 * max_operand);
}
template <int kBits>
inline DotSum<kBits> ZeroDotSum() {
  if constexpr (kBits == 8) return {SplatI(0), SplatI(0)};
  if constexpr (kBits < 8) {
    const int16x8_t zero = vdupq_n_s16(0);
    const I16 zeros = {zero, zero, zero, zero};
    return {zeros, zeros};
  }
}
template <int kBits>
inline DotSum<kBits> AsDotSum(I32 sum) {
  static_assert(kBits == 8);
  const int32x4_t zero = vdupq_n_s32(0);
  return {Each<I32>([&](auto s) { return vzip1q_s32(s, zero); }, sum),
          Each<I32>([&](auto s) { return vzip2q_s32(s, zero); }, sum)};
}

inline int16x8_t AddProducts(int16x8_t sum, int8x8_t codes, int8x8_t acts) {
  return vmlal_s8(sum, codes, acts);
}
inline int32x4_t AddProducts(int32x4_t sum, int8x8_t codes, int8x8_t acts) {
  return vpadalq_s16(sum, vmull_s8(codes, acts));
}
inline int16x8_t AddProductsHigh(int16x8_t sum, int8x16_t codes, int8x16_t acts) {
  return vmlal_high_s8(sum, codes, acts);
}
inline int32x4_t AddProductsHigh(int32x4_t sum, int8x16_t codes, int8x16_t acts) {
  return vpadalq_s16(sum, vmull_high_s8(codes, acts));
}
template <int kBits>
inline DotSum<kBits> Dot(DotSum<kBits> sum, Bytes operand, int8x16_t four) {
  using Sums = decltype(sum.low);
  const auto low = [&](auto s, auto o) {
    return AddProducts(s, vget_low_s8(vreinterpretq_s8_u8(o)), vget_low_s8(four));
  };
  const auto high = [&](auto s, auto o) {
    return AddProductsHigh(s, vreinterpretq_s8_u8(o), four);
  };
  return {Each<Sums>(low, sum.low, operand), Each<Sums>(high, sum.high, operand)};
}

template <int kBits>
inline I32 Widen(DotSum<kBits> sum) {
  static_assert(kBits == 8);
  return Each<I32>([](auto low, auto high) { return vpaddq_s32(low, high); }, sum.low, sum.high);
}
template <int kBits>
inline I32 AddSum(I32 total, DotSum<kBits> sum) {
  const auto add = [](auto t, auto low, auto high) {
    return vpadalq_s16(t, vpaddq_s16(low, high));
  };
  return Each<I32>(add, total, sum.low, sum.high);
}

}  // namespace parrotlet::neon
