// How a weight matrix is held: bits per weight, the run of inputs that shares one scale, what a
// code stands for, and the activations that it is multiplied with.
#pragma once

#include <cstddef>
#include <cstdint>

namespace parrotlet {

// What is taken off: w = scale * q - zero, both operations rounded.
enum class Scheme {
  kSymmetric,  // nothing
  kMidRise,    // half a scale below 0, zero = -scale / 2: codes lie on both sides of 0 alike
  kAffine,     // a number of its own for each group
};

// bits 32 is float32 (nothing else used). Otherwise codes are two's complement integers of that
// many bits, q in [-2^(bits-1), 2^(bits-1) - 1], and `group_size` inputs of one output channel
// share a scale: the whole depth ("per channel") or a multiple of 16 that divides it (the papers'
// "sub-channels").
struct WeightFormat {
  int bits = 32;
  int group_size = 0;
  Scheme scheme = Scheme::kSymmetric;
  int activation_bits = 8;  // 8 or 4: integers, a scale for each row; 32: floats

  // Whether products are of integers.
  bool rounds_rows() const { return bits != 32 && activation_bits != 32; }
  // The largest code of an activation; the least is its negative.
  int largest_activation() const { return (1 << (activation_bits - 1)) - 1; }

  bool operator==(const WeightFormat&) const = default;
};

// Every width, scheme and kind of activations that the kernels know; tests and benches walk them.
inline constexpr int kWeightBits[] = {32, 8, 4, 2};
inline constexpr Scheme kSchemes[] = {Scheme::kSymmetric, Scheme::kMidRise, Scheme::kAffine};
inline constexpr int kActivationBits[] = {8, 4, 32};

// Output channels of a tile of packed weights, and lanes of the engine's vectors.
inline constexpr int kTileCols = 16;

// How many tiles' lines stand side by side in packed weights: one, or where a target's kernels take
// so many at once, four.
inline constexpr int kStripTiles = 4;
inline constexpr int kStrips[] = {1, kStripTiles};

// Depth is padded to a multiple of this (with zero activations), so that one packed 64-byte line of
// 2-bit codes, 16 channels by 16 inputs, is never cut.
inline constexpr int kDepthStep = 16;

// The longest group whose sums are exact in int32, whatever the codes, on every target: of
// products, where one factor is at most 255 (codes biased, or left up in their byte) and the other
// at most 128 (activations biased beside 8-bit codes), and so of the activations alone. Models are
// refused that have a longer one.
inline constexpr int kMaxGroupSize = 1 << 16;
static_assert(int64_t{kMaxGroupSize} * 255 * 128 <= INT32_MAX);

inline constexpr int RoundUp(int n, int step) { return (n + step - 1) / step * step; }

}  // namespace parrotlet
