// The vector operations of simd/ops.md for ARM CPUs with the dot product instructions.
// Included only by kernels/targets/neondotprod.cc, below its target pragma and SIMD_TARGET.
#pragma once

#include "simd/code_bias.h"
#include "simd/neon-inl.h"

namespace parrotlet::neondotprod {

// The four activations of a dot are a lane of one register, named by the instruction.
template <int kLane>
struct ActLane {
  int8x16_t acts;
};
using Acts = int8x16_t;
template <int kCount>
inline Acts LoadActs(const int8_t* p) {
  if constexpr (kCount == 16) return vld1q_s8(p);
  if constexpr (kCount == 8) return vcombine_s8(vld1_s8(p), vdup_n_s8(0));
  // Into the first lane alone: what else fills a register from memory takes a slot of the dots.
  int8x16_t four;
  asm("ldr %s0, %1" : "=w"(four) : "Q"(*reinterpret_cast<const int8_t (*)[4]>(p)));
  return four;
}
template <int kFour>
inline ActLane<kFour> Splat4(Acts acts) {
  return {acts};
}

// sdot multiplies signed bytes and adds exact fours to int32: nothing to widen while a group is
// shorter than 2^16 inputs. An operand of int2 or int4 must stay below 128 to be read as positive.
template <int kBits>
using DotSum = I32;
template <int kBits>
constexpr int MaxDots(int max_operand) {
  return kBits < 8 && max_operand > 127 ? 0 : 1 << 14;
}
template <int kBits>
inline I32 ZeroDotSum() {
  return SplatI(0);
}
template <int kBits>
inline I32 AsDotSum(I32 sum) {
  return sum;
}
template <int kBits, int kLane>
inline I32 Dot(I32 sum, Bytes operand, ActLane<kLane> four) {
  return Each<I32>(
      [&](auto s, auto o) { return vdotq_laneq_s32(s, vreinterpretq_s8_u8(o), four.acts, kLane); },
      sum, operand);
}
template <int kBits>
inline I32 Widen(I32 sum) {
  return sum;
}

}  // namespace parrotlet::neondotprod
