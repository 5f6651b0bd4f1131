// The vector operations of simd/ops.md for AVX2.
// Included only by kernels/targets/avx2.cc, below its target pragma and SIMD_TARGET.
#pragma once

#include "simd/lanes256-inl.h"

namespace parrotlet::avx2 {

// vpmaddubsw multiplies unsigned by signed bytes and adds pairs with saturation to int16. As |act|
// is at most 127, a pair is at most 2 * max_operand * 127, and an int16 takes MaxDots of them
// exactly: 43 for int2 codes, 10 for int2 codes left two bits up, 8 for int4 codes. int8 codes are
// made signed again and split into size and sign, the sign going to the activation: a pair is at
// most 2 * 128 * 127 = 32512 < 32767, exact, and is widened to int32 at once.
template <int kBits>
struct DotSum {
  __m256i lo, hi;  // int16 [16] each for int2 and int4, int32 [8] for int8
};
template <int kBits>
constexpr int MaxDots(int max_operand) {
  return kBits == 8 ? 1 << 14 : 32767 / (2 * 127 * max_operand);
}
template <int kBits>
inline constexpr int kOperandBias = kBits == 8 ? 0 : 1 << (kBits - 1);
template <int kBits>
inline Bytes ToOperand(Bytes codes) {
  if constexpr (kBits < 8) return codes;
  const __m256i bias = _mm256_set1_epi8(-128);
  return {_mm256_xor_si256(codes.lo, bias), _mm256_xor_si256(codes.hi, bias)};
}
template <int kBits>
inline DotSum<kBits> ZeroDotSum() {
  return {_mm256_setzero_si256(), _mm256_setzero_si256()};
}
template <int kBits>
inline DotSum<kBits> AsDotSum(I32 sum) {
  return {sum.lo, sum.hi};
}
// The empty statement keeps gcc from adding up the products of several dots first, for which there
// are no registers.
template <int kBits>
inline __m256i DotHalf(__m256i sum, __m256i operand, __m256i act) {
  if constexpr (kBits < 8) {
    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(operand, act));
  } else {
    const __m256i pairs =
        _mm256_maddubs_epi16(_mm256_abs_epi8(operand), _mm256_sign_epi8(act, operand));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  asm("" : "+x"(sum));
  return sum;
}
template <int kBits>
inline DotSum<kBits> Dot(DotSum<kBits> sum, Bytes operand, Bytes act) {
  return {DotHalf<kBits>(sum.lo, operand.lo, act.lo), DotHalf<kBits>(sum.hi, operand.hi, act.hi)};
}
template <int kBits>
inline I32 Widen(DotSum<kBits> sum) {
  if constexpr (kBits == 8) return {sum.lo, sum.hi};
  const __m256i ones = _mm256_set1_epi16(1);
  return {_mm256_madd_epi16(sum.lo, ones), _mm256_madd_epi16(sum.hi, ones)};
}
template <int kBits>
inline I32 AddSum(I32 total, DotSum<kBits> sum) {
  return total + Widen<kBits>(sum);
}

}  // namespace parrotlet::avx2
