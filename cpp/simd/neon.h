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
// at most 127, an int16 takes MaxDots products of int2 or int4 codes exactly: 86 of int2, 21 of
// int2 left two bits up, 17 of int4. A product of int8 codes is at most 128 * 127, and pairs of
// them are added to int32 at once.
struct DotSum {
  // For registers a to d of a vector, its first two channels (low) and last two: four products of
  // each in int16, for int8 two sums of each in int32.
  I32 low, high;
};
template <int kBits>
constexpr int MaxDots(int max_operand) {
  return kBits == 8 ? 1 << 14 : 32767 / (127 * max_operand);
}
inline DotSum ZeroDotSum() { return {SplatI(0), SplatI(0)}; }
inline DotSum AsDotSum(I32 sum) {
  const int32x4_t zero = vdupq_n_s32(0);
  return {Each<I32>([&](auto s) { return vzip1q_s32(s, zero); }, sum),
          Each<I32>([&](auto s) { return vzip2q_s32(s, zero); }, sum)};
}
template <int kBits>
inline DotSum Dot(DotSum sum, Bytes operand, int8x16_t four) {
  const auto low = [&](int32x4_t s, uint8x16_t o) {
    const int8x8_t codes = vget_low_s8(vreinterpretq_s8_u8(o)), acts = vget_low_s8(four);
    if constexpr (kBits == 8) return vpadalq_s16(s, vmull_s8(codes, acts));
    return vreinterpretq_s32_s16(vmlal_s8(vreinterpretq_s16_s32(s), codes, acts));
  };
  const auto high = [&](int32x4_t s, uint8x16_t o) {
    const int8x16_t codes = vreinterpretq_s8_u8(o);
    if constexpr (kBits == 8) return vpadalq_s16(s, vmull_high_s8(codes, four));
    return vreinterpretq_s32_s16(vmlal_high_s8(vreinterpretq_s16_s32(s), codes, four));
  };
  return {Each<I32>(low, sum.low, operand), Each<I32>(high, sum.high, operand)};
}
template <int kBits>
inline I32 Widen(DotSum sum) {
  const auto fours = [](int32x4_t low, int32x4_t high) {
    if constexpr (kBits == 8) return vpaddq_s32(low, high);
    return vpaddq_s32(vpaddlq_s16(vreinterpretq_s16_s32(low)),
                      vpaddlq_s16(vreinterpretq_s16_s32(high)));
  };
  return Each<I32>(fours, sum.low, sum.high);
}

}  // namespace parrotlet::neon
