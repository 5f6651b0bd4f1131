// The vector operations of simd/ops.md for AVX-512 with VNNI: 16 lanes are one register.
// Included only by kernels/targets/avx512vnni.cc, below its target pragma.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/code_bias.h"

namespace parrotlet::avx512vnni {

struct F32 {
  __m512 v;
};
struct Mask {
  __mmask16 v;
};
struct Bytes {
  __m512i v;
};

// Holds lanes in their own type: gcc 12 does not keep a loop's __m512i in one register when its
// uses are of another type, and then copies every sum in every turn of a dot product.
struct I32 {
  using Lanes = int32_t __attribute__((vector_size(64)));
  Lanes v;

  I32() = default;
  I32(__m512i a) : v(reinterpret_cast<Lanes>(a)) {}
  operator __m512i() const { return reinterpret_cast<__m512i>(v); }
};

inline F32 Load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void Store(float* p, F32 a) { _mm512_storeu_ps(p, a.v); }
inline F32 Splat(float x) { return {_mm512_set1_ps(x)}; }
inline F32 operator+(F32 a, F32 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F32 operator-(F32 a, F32 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F32 operator*(F32 a, F32 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F32 operator*(F32 a, float b) { return a * Splat(b); }
inline F32 operator/(F32 a, F32 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F32 Max(F32 a, F32 b) { return {_mm512_max_ps(a.v, b.v)}; }
inline F32 Abs(F32 a) { return {_mm512_abs_ps(a.v)}; }

inline Mask operator<(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask FirstLanes(int count) { return {static_cast<__mmask16>((1u << count) - 1)}; }
inline F32 Select(Mask m, F32 a, F32 b) { return {_mm512_mask_blend_ps(m.v, b.v, a.v)}; }
inline I32 Select(Mask m, I32 a, I32 b) { return _mm512_mask_blend_epi32(m.v, b, a); }

inline F32 LoadFirst(const float* p, int count) {
  return {_mm512_maskz_loadu_ps(FirstLanes(count).v, p)};
}
inline void StoreFirst(float* p, int count, F32 a) {
  _mm512_mask_storeu_ps(p, FirstLanes(count).v, a.v);
}

// Halves folded onto each other: 8, 4, 2, 1.
template <typename Op>
inline float Fold(F32 a, Op op) {
  const __m256 high = _mm512_extractf32x8_ps(a.v, 1);
  __m512 x = op(a, F32{_mm512_castps256_ps512(high)}).v;
  x = op(F32{x}, F32{_mm512_shuffle_f32x4(x, x, 1)}).v;
  x = op(F32{x}, F32{_mm512_permute_ps(x, 0x0e)}).v;
  x = op(F32{x}, F32{_mm512_permute_ps(x, 0x01)}).v;
  return _mm512_cvtss_f32(x);
}

inline I32 SplatI(int32_t x) { return _mm512_set1_epi32(x); }
inline I32 LaneNumbers() {
  return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
inline void Store(int32_t* p, I32 a) { _mm512_storeu_si512(p, a); }
inline void StoreLowBytes(int8_t* p, I32 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a));
}
inline I32 operator+(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
inline I32 operator-(I32 a, I32 b) { return _mm512_sub_epi32(a, b); }
inline I32 operator^(I32 a, I32 b) { return _mm512_xor_si512(a, b); }
template <int kBits>
inline I32 ShiftLeft(I32 a) {
  return _mm512_slli_epi32(a, kBits);
}
template <int kBits>
inline I32 ShiftRight(I32 a) {
  return _mm512_srai_epi32(a, kBits);
}
inline int32_t Sum(I32 a) { return _mm512_reduce_add_epi32(a); }
inline F32 ToF32(I32 a) { return {_mm512_cvtepi32_ps(a)}; }
inline F32 AsF32(I32 a) { return {_mm512_castsi512_ps(a)}; }
inline I32 AsI32(F32 a) { return _mm512_castps_si512(a.v); }

// The empty statement keeps the line in a register: gcc 12 loads it again for every use otherwise.
inline Bytes LoadBytes(const uint8_t* p) {
  __m512i line = _mm512_loadu_si512(p);
  asm("" : "+v"(line));
  return {line};
}
inline I32 AsI32(Bytes a) { return a.v; }
template <int kShift, int kMask>
inline Bytes Field(Bytes line) {
  if constexpr (kShift > 0) line.v = _mm512_srli_epi16(line.v, kShift);  // of pairs of bytes
  return {_mm512_and_si512(line.v, _mm512_set1_epi8(static_cast<char>(kMask)))};
}

using Acts = const int8_t*;
template <int kCount>
inline Acts LoadActs(const int8_t* p) {
  return p;
}
template <int kFour>
inline Bytes Splat4(Acts acts) {
  int32_t four;
  __builtin_memcpy(&four, acts + 4 * kFour, 4);
  return {_mm512_set1_epi32(four)};
}

// vpdpbusd multiplies unsigned by signed bytes and adds exact fours to int32: nothing to prepare,
// and nothing to widen while a group is shorter than 2^16 inputs.
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
  return _mm512_setzero_si512();
}
template <int kBits>
inline I32 AsDotSum(I32 sum) {
  return sum;
}
template <int kBits>
inline I32 Dot(I32 sum, Bytes operand, Bytes act) {
  return _mm512_dpbusd_epi32(sum, operand.v, act.v);
}
template <int kBits>
inline I32 Widen(I32 sum) {
  return sum;
}

}  // namespace parrotlet::avx512vnni
