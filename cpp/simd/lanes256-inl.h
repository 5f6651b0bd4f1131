// The operations of simd/ops.md that all targets of 256-bit registers share: 16 lanes are two of
// them. Included only by the headers of those targets, below a target pragma; hence no guard.

namespace parrotlet::SIMD_TARGET {

struct F32 {
  __m256 lo, hi;
};
struct I32 {
  __m256i lo, hi;
};
struct Mask {
  __m256i lo, hi;
};
struct Bytes {
  __m256i lo, hi;
};

inline F32 Load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void Store(float* p, F32 a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
inline F32 Splat(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F32 operator+(F32 a, F32 b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
inline F32 operator-(F32 a, F32 b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
inline F32 operator*(F32 a, F32 b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
inline F32 operator*(F32 a, float b) { return a * Splat(b); }
inline F32 operator/(F32 a, F32 b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
inline F32 Max(F32 a, F32 b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
inline F32 Abs(F32 a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}

inline Mask operator<(F32 a, F32 b) {
  return {_mm256_castps_si256(_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
          _mm256_castps_si256(_mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}
inline Mask FirstLanes(int count) {
  const __m256i n = _mm256_set1_epi32(count);
  return {_mm256_cmpgt_epi32(n, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
          _mm256_cmpgt_epi32(n, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
}
inline I32 Select(Mask m, I32 a, I32 b) {
  return {_mm256_blendv_epi8(b.lo, a.lo, m.lo), _mm256_blendv_epi8(b.hi, a.hi, m.hi)};
}
inline F32 Select(Mask m, F32 a, F32 b) {
  return {_mm256_blendv_ps(b.lo, a.lo, _mm256_castsi256_ps(m.lo)),
          _mm256_blendv_ps(b.hi, a.hi, _mm256_castsi256_ps(m.hi))};
}

inline F32 LoadFirst(const float* p, int count) {
  const Mask m = FirstLanes(count);
  return {_mm256_maskload_ps(p, m.lo), _mm256_maskload_ps(p + 8, m.hi)};
}
inline void StoreFirst(float* p, int count, F32 a) {
  if (count == 16) return Store(p, a);  // masked stores are slow on some CPUs
  const Mask m = FirstLanes(count);
  _mm256_maskstore_ps(p, m.lo, a.lo);
  _mm256_maskstore_ps(p + 8, m.hi, a.hi);
}

// Halves folded onto each other: 8, 4, 2, 1. Only the low lanes of each step are meant.
template <typename Op>
inline float Fold(F32 a, Op op) {
  __m256 x = op(a, F32{a.hi, a.hi}).lo;
  const auto fold = [&](__m256 y) { x = op(F32{x, x}, F32{y, y}).lo; };
  fold(_mm256_permute2f128_ps(x, x, 1));
  fold(_mm256_permute_ps(x, 0x0e));
  fold(_mm256_permute_ps(x, 0x01));
  return _mm256_cvtss_f32(x);
}

inline I32 SplatI(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline I32 LaneNumbers() {
  return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
          _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15)};
}
inline void Store(int32_t* p, I32 a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.lo);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), a.hi);
}
inline void StoreLowBytes(int8_t* p, I32 a) {
  const __m256i of_lo = _mm256_setr_epi64x(0xffffffff0c080400, -1, 0xffffffff0c080400, -1);
  const __m256i of_hi = _mm256_setr_epi64x(0x0c080400ffffffff, -1, 0x0c080400ffffffff, -1);
  const __m256i fours =
      _mm256_or_si256(_mm256_shuffle_epi8(a.lo, of_lo), _mm256_shuffle_epi8(a.hi, of_hi));
  const __m256i bytes =
      _mm256_permutevar8x32_epi32(fours, _mm256_setr_epi32(0, 4, 1, 5, 0, 0, 0, 0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(bytes));
}
inline I32 operator+(I32 a, I32 b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
inline I32 operator-(I32 a, I32 b) {
  return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)};
}
inline I32 operator^(I32 a, I32 b) {
  return {_mm256_xor_si256(a.lo, b.lo), _mm256_xor_si256(a.hi, b.hi)};
}
template <int kBits>
inline I32 ShiftLeft(I32 a) {
  return {_mm256_slli_epi32(a.lo, kBits), _mm256_slli_epi32(a.hi, kBits)};
}
template <int kBits>
inline I32 ShiftRight(I32 a) {
  return {_mm256_srai_epi32(a.lo, kBits), _mm256_srai_epi32(a.hi, kBits)};
}
inline int32_t Sum(I32 a) {
  const __m256i eight = _mm256_add_epi32(a.lo, a.hi);
  __m128i x = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x0e));
  x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x01));
  return _mm_cvtsi128_si32(x);
}
inline F32 ToF32(I32 a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
inline F32 AsF32(I32 a) { return {_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)}; }
inline I32 AsI32(F32 a) { return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)}; }

inline Bytes LoadBytes(const uint8_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))};
}
inline I32 AsI32(Bytes a) { return {a.lo, a.hi}; }
template <int kShift, int kMask>
inline Bytes Field(Bytes line) {
  const __m256i mask = _mm256_set1_epi8(static_cast<char>(kMask));
  if constexpr (kShift > 0) {  // of pairs of bytes: what crosses between the two is masked away
    line = {_mm256_srli_epi16(line.lo, kShift), _mm256_srli_epi16(line.hi, kShift)};
  }
  return {_mm256_and_si256(line.lo, mask), _mm256_and_si256(line.hi, mask)};
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
  return {_mm256_set1_epi32(four), _mm256_set1_epi32(four)};
}

}  // namespace parrotlet::SIMD_TARGET
