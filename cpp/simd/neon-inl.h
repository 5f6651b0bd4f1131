// The operations of simd/ops.md that the targets of ARM NEON share: 16 lanes are four registers.
// Included only by the headers of those targets, below a target pragma; hence no guard.

namespace parrotlet::SIMD_TARGET {

struct F32 {
  float32x4_t a, b, c, d;
};
struct I32 {
  int32x4_t a, b, c, d;
};
struct Mask {
  uint32x4_t a, b, c, d;
};
struct Bytes {
  uint8x16_t a, b, c, d;
};

// A vector of what `of` makes of the registers of others, one after the other.
template <typename Vector, typename Of, typename... From>
inline Vector Each(Of of, From... from) {
  return {of(from.a...), of(from.b...), of(from.c...), of(from.d...)};
}

inline F32 Load(const float* p) {
  return {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
}
inline void Store(float* p, F32 x) {
  vst1q_f32(p, x.a);
  vst1q_f32(p + 4, x.b);
  vst1q_f32(p + 8, x.c);
  vst1q_f32(p + 12, x.d);
}
inline F32 Splat(float x) {
  const float32x4_t four = vdupq_n_f32(x);
  return {four, four, four, four};
}
inline F32 operator+(F32 x, F32 y) {
  return Each<F32>([](auto p, auto q) { return vaddq_f32(p, q); }, x, y);
}
inline F32 operator-(F32 x, F32 y) {
  return Each<F32>([](auto p, auto q) { return vsubq_f32(p, q); }, x, y);
}
inline F32 operator*(F32 x, F32 y) {
  return Each<F32>([](auto p, auto q) { return vmulq_f32(p, q); }, x, y);
}
inline F32 operator*(F32 x, float y) {  // by a lane: a copy in all of them would take a slot
  return Each<F32>([y](auto p) { return vmulq_n_f32(p, y); }, x);
}
inline F32 operator/(F32 x, F32 y) {
  return Each<F32>([](auto p, auto q) { return vdivq_f32(p, q); }, x, y);
}
// Not vmaxq_f32, which gives NaN for any NaN and orders zeros.
inline F32 Max(F32 x, F32 y) {
  return Each<F32>([](auto p, auto q) { return vbslq_f32(vcgtq_f32(p, q), p, q); }, x, y);
}
inline F32 Abs(F32 x) {
  return Each<F32>([](auto p) { return vabsq_f32(p); }, x);
}

inline Mask operator<(F32 x, F32 y) {
  return Each<Mask>([](auto p, auto q) { return vcltq_f32(p, q); }, x, y);
}
inline I32 SplatI(int32_t x) {
  const int32x4_t four = vdupq_n_s32(x);
  return {four, four, four, four};
}
inline I32 LaneNumbers() {
  const int32x4_t first = vcombine_s32(vcreate_s32(1ull << 32), vcreate_s32(3ull << 32 | 2));
  const int32x4_t four = vdupq_n_s32(4), eight = vdupq_n_s32(8);
  const int32x4_t last = vaddq_s32(first, eight);
  return {first, vaddq_s32(first, four), last, vaddq_s32(last, four)};
}
inline Mask FirstLanes(int count) {
  return Each<Mask>([](auto p, auto q) { return vcltq_s32(p, q); }, LaneNumbers(), SplatI(count));
}
inline F32 Select(Mask m, F32 x, F32 y) {
  return Each<F32>([](auto k, auto p, auto q) { return vbslq_f32(k, p, q); }, m, x, y);
}
inline I32 Select(Mask m, I32 x, I32 y) {
  return Each<I32>([](auto k, auto p, auto q) { return vbslq_s32(k, p, q); }, m, x, y);
}

inline F32 LoadFirst(const float* p, int count) {
  if (count == 16) return Load(p);
  float lanes[16] = {};
  for (int i = 0; i < count; ++i) lanes[i] = p[i];
  return Load(lanes);
}
inline void StoreFirst(float* p, int count, F32 x) {
  if (count == 16) return Store(p, x);
  float lanes[16];
  Store(lanes, x);
  for (int i = 0; i < count; ++i) p[i] = lanes[i];
}

// Halves folded onto each other: 8, 4, 2, 1. Only the low lanes of each step are meant.
template <typename Op>
inline float Fold(F32 x, Op op) {
  x = op(x, F32{x.c, x.d, x.c, x.d});
  const auto fold = [&](float32x4_t upper) { x = op(x, F32{upper, upper, upper, upper}); };
  fold(x.b);
  fold(vextq_f32(x.a, x.a, 2));
  fold(vextq_f32(x.a, x.a, 1));
  return vgetq_lane_f32(x.a, 0);
}

inline void Store(int32_t* p, I32 x) {
  vst1q_s32(p, x.a);
  vst1q_s32(p + 4, x.b);
  vst1q_s32(p + 8, x.c);
  vst1q_s32(p + 12, x.d);
}
inline void StoreLowBytes(int8_t* p, I32 x) {
  const int16x8_t low = vcombine_s16(vmovn_s32(x.a), vmovn_s32(x.b));
  const int16x8_t high = vcombine_s16(vmovn_s32(x.c), vmovn_s32(x.d));
  vst1q_s8(p, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
}
inline I32 operator+(I32 x, I32 y) {
  return Each<I32>([](auto p, auto q) { return vaddq_s32(p, q); }, x, y);
}
inline I32 operator-(I32 x, I32 y) {
  return Each<I32>([](auto p, auto q) { return vsubq_s32(p, q); }, x, y);
}
inline I32 operator^(I32 x, I32 y) {
  return Each<I32>([](auto p, auto q) { return veorq_s32(p, q); }, x, y);
}
template <int kBits>
inline I32 ShiftLeft(I32 x) {
  return Each<I32>([](auto p) { return vshlq_n_s32(p, kBits); }, x);
}
template <int kBits>
inline I32 ShiftRight(I32 x) {
  return Each<I32>([](auto p) { return vshrq_n_s32(p, kBits); }, x);
}
inline int32_t Sum(I32 x) {
  return vaddvq_s32(vaddq_s32(vaddq_s32(x.a, x.b), vaddq_s32(x.c, x.d)));
}
inline F32 ToF32(I32 x) {
  return Each<F32>([](auto p) { return vcvtq_f32_s32(p); }, x);
}
inline F32 AsF32(I32 x) {
  return Each<F32>([](auto p) { return vreinterpretq_f32_s32(p); }, x);
}
inline I32 AsI32(F32 x) {
  return Each<I32>([](auto p) { return vreinterpretq_s32_f32(p); }, x);
}

inline Bytes LoadBytes(const uint8_t* p) {
  return {vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)};
}
inline I32 AsI32(Bytes x) {
  return Each<I32>([](auto p) { return vreinterpretq_s32_u8(p); }, x);
}
template <int kShift, int kMask>
inline Bytes Field(Bytes line) {
  constexpr bool kMasks = kMask != 0xff >> kShift;
  const uint8x16_t mask = vdupq_n_u8(kMask);
  return Each<Bytes>(
      [mask](auto p) {
        if constexpr (kShift > 0) p = vshrq_n_u8(p, kShift);
        return kMasks ? vandq_u8(p, mask) : p;
      },
      line);
}

// Codes of int8 are signed and the others positive, below 128: signed products do for both.
template <int kBits>
inline constexpr int kOperandBias = kCodeBias<kBits>;
template <int kBits>
inline Bytes ToOperand(Bytes codes) {
  return codes;
}

}  // namespace parrotlet::SIMD_TARGET
