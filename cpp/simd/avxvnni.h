// The vector operations of simd/ops.md for AVX-VNNI: those of AVX2 with a dot product.
// Included only by kernels/targets/avxvnni.cc, below its target pragma and SIMD_TARGET.
#pragma once

#include "simd/code_bias.h"
#include "simd/lanes256-inl.h"

namespace parrotlet::avxvnni {

// vpdpbusd multiplies unsigned by signed bytes and adds exact fours to int32: nothing to prepare,
// and nothing to widen while a group is shorter than 2^16 inputs.
// The sums are held in their own type for the reason that avx512vnni.h gives.
struct Sums {
  using Lanes = int32_t __attribute__((vector_size(32)));
  Lanes lo, hi;
};
template <int kBits>
using DotSum = Sums;
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
inline Sums AsDotSum(I32 sum) {
  return {reinterpret_cast<Sums::Lanes>(sum.lo), reinterpret_cast<Sums::Lanes>(sum.hi)};
}
template <int kBits>
inline Sums ZeroDotSum() {
  return AsDotSum<kBits>(SplatI(0));
}
inline Sums::Lanes DotHalf(Sums::Lanes sum, __m256i operand, __m256i act) {
  return reinterpret_cast<Sums::Lanes>(
      _mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(sum), operand, act));
}
template <int kBits>
inline Sums Dot(Sums sum, Bytes operand, Bytes act) {
  sum = {DotHalf(sum.lo, operand.lo, act.lo), DotHalf(sum.hi, operand.hi, act.hi)};
  // Beside the operands of unpacked codes gcc would have no registers left for copies of sums,
  // which this keeps it from.
  if constexpr (kBits < 8) asm("" : "+x"(sum.lo), "+x"(sum.hi));
  return sum;
}
template <int kBits>
inline I32 Widen(Sums sum) {
  return {reinterpret_cast<__m256i>(sum.lo), reinterpret_cast<__m256i>(sum.hi)};
}

}  // namespace parrotlet::avxvnni
