// One linear to be measured: its weights, packed for a target, and room for its rows.
#pragma once

#include <cstdint>
#include <vector>

#include "aligned.h"
#include "kernels/kernels.h"

namespace parrotlet {

class LinearCase {
 public:
  // Codes of every value, equal scales; group_size of the format must divide depth.
  LinearCase(const Kernels& kernels, const WeightFormat& format, int rows, int depth, int cols);
  LinearCase(LinearCase&&) = delete;  // args_ points inside

  // One linear, rounding of the rows included.
  void Run() const {
    Round();
    Multiply({});
  }

  // Its two steps: the rows' rounding, where the format has any; the product.
  void Round() const;
  void Multiply(const Epilogue& epilogue) const;

  const LinearArgs& args() const { return args_; }

  // What one run computes, two operations per weight and row, in 1e9.
  double giga() const { return giga_; }

  // The most that this target can do of such runs in a second, in 1e9 operations: as its dot
  // instruction allows, or reading its codes and scales; 0 for products of floats, and where the
  // target's limits are not known.
  double Limit() const;

 private:
  const Kernels& kernels_;
  void (*linear_)(const LinearArgs&);
  double giga_;
  Aligned<uint8_t> codes_;
  Aligned<float> scale_;
  PackedMatrix weight_;
  std::vector<float> in_, out_, act_scale_;
  std::vector<int32_t> act_sum_;
  Aligned<int8_t> act_;
  LinearArgs args_;
};

}  // namespace parrotlet
