// What a linear may do with its values before it hands them on.
#pragma once

namespace parrotlet {

enum class Activation { kNone, kGelu, kSilu, kTanh };

// How a value meets another one.
enum class Combine { kNone, kGlu, kGatedSilu, kResidual };

// Applied to v = product + bias, in this order; o = other[m][n]. Each gives the bits of the
// elementwise kernel of its name.
//   activation: v = gelu(v), silu(v) or tanh(v)
//   combine: kGlu o * sigmoid(v), kGatedSilu o * silu(v), kResidual o + factor * v
struct Epilogue {
  Activation activation = Activation::kNone;
  Combine combine = Combine::kNone;
  const float* other = nullptr;  // [rows][other_stride]; may be the output, place for place
  int other_stride = 0;
  float factor = 1;
};

}  // namespace parrotlet
