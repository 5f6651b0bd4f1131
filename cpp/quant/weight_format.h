// How a weight matrix is held: bits per weight and the run of inputs that shares one scale.
#pragma once

#include <cstddef>

namespace parrotlet {

// bits 32 is float32 (group_size unused). Otherwise codes are symmetric two's complement integers
// of that many bits, w = scale * q, q in [-2^(bits-1), 2^(bits-1) - 1], and `group_size` inputs of
// one output channel share a scale: the whole depth ("per channel") or a multiple of 16 that
// divides it (the papers' "sub-channels").
struct WeightFormat {
  int bits = 32;
  int group_size = 0;

  bool operator==(const WeightFormat&) const = default;
};

// Every width the kernels know; tests and benches walk it.
inline constexpr int kWeightBits[] = {32, 8, 4, 2};

// Output channels that stand side by side in packed weights, and lanes of the engine's vectors.
inline constexpr int kTileCols = 16;

// Depth is padded to a multiple of this (with zero activations), so that one packed 64-byte line of
// 2-bit codes, 16 channels by 16 inputs, is never cut.
inline constexpr int kDepthStep = 16;

// The longest group whose dot product with activations is exact in int32, whatever the codes.
inline constexpr int kMaxGroupSize = 1 << 16;

inline constexpr int RoundUp(int n, int step) { return (n + step - 1) / step * step; }

}  // namespace parrotlet
