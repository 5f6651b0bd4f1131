// The vector operations of simd/ops.md for AVX-VNNI: those of AVX2 with a dot product.
// Included only by kernels/targets/avxvnni.cc, below its target pragma and SIMD_TARGET.
#pragma once

#include "simd/code_bias.h"
#include "simd/lanes256-inl.h"

namespace parrotlet::avxvnni {

// vpdpbusd multiplies unsigned by signed bytes and adds exact fours to int32: nothing to prepare,
// and nothing to widen while a group is shorter than 2^16 inputs.
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
inline DotSum ZeroDotSum() { return SplatI(0); }
inline DotSum AsDotSum(I32 sum) { return sum; }
template <int kBits>
inline DotSum Dot(DotSum sum, Bytes operand, Bytes act) {
  return {_mm256_dpbusd_avx_epi32(sum.lo, operand.lo, act.lo),
          _mm256_dpbusd_avx_epi32(sum.hi, operand.hi, act.hi)};
}
template <int kBits>
inline I32 Widen(DotSum sum) {
  return sum;
}

}  // namespace parrotlet::avxvnni
