// Sets up linears with made-up weights for the benches.
#include "linear_case.h"

#include <algorithm>

#include "limits.h"

namespace parrotlet {
namespace {

int GroupsOf(const WeightFormat& format, int depth) {
  return format.bits == 32 ? 1 : depth / format.group_size;
}

}  // namespace

LinearCase::LinearCase(const Kernels& kernels, const WeightFormat& format, int rows, int depth,
                       int cols)
    : kernels_(kernels),
      linear_(LinearFor(kernels, format)),
      giga_(2e-9 * rows * depth * cols),
      codes_(AllocateAligned<uint8_t>(PackedCodeBytes(format, cols, depth))),
      scale_(AllocateAligned<float>(PackedScaleCount(format, cols, depth))),
      in_(size_t(rows) * depth),
      out_(size_t(rows) * cols),
      act_scale_(rows),
      act_sum_(size_t(rows) * GroupsOf(format, depth)),
      act_(AllocateAligned<int8_t>(size_t(rows) * RoundUp(depth, kDepthStep))) {
  std::vector<uint8_t> disk(cols * DiskRowBytes(format.bits, depth));
  for (size_t i = 0; i < disk.size(); ++i) disk[i] = uint8_t(i * 151 + (i >> 8));
  if (format.bits == 32) std::fill(disk.begin(), disk.end(), uint8_t{0x3d});  // 0.046 each
  const std::vector<float> scale(size_t(cols) * GroupsOf(format, depth), 0.01f);
  const DiskMatrix stored = {disk.data(), scale.data(), scale.data()};
  weight_ = PackMatrix(format, cols, depth, stored, codes_.get(), scale_.get(),
                       kernels.strip(format.bits));

  for (size_t i = 0; i < in_.size(); ++i) in_[i] = float(int(i * 37 % 101) - 50);
  args_.rows = rows;
  args_.weight = &weight_;
  args_.in = in_.data();
  args_.in_stride = depth;
  args_.act = {act_.get(), act_scale_.data(), act_sum_.data()};
  args_.out = out_.data();
  args_.out_stride = cols;
}

void LinearCase::Round() const {
  if (weight_.format.rounds_rows()) {
    kernels_.quantize_rows(args_.in, args_.in_stride, args_.rows, weight_.depth, weight_.groups,
                           weight_.format.largest_activation(), args_.act);
  }
}

void LinearCase::Multiply(const Epilogue& epilogue) const {
  LinearArgs args = args_;
  args.epilogue = epilogue;
  linear_(args);
}

double LinearCase::Limit() const {
  if (!weight_.format.rounds_rows()) return 0;
  const double dots = DotLimit(kernels_.target);
  const size_t codes = PackedCodeBytes(weight_.format, weight_.cols, weight_.depth);
  const size_t scales =
      sizeof(float) * PackedScaleCount(weight_.format, weight_.cols, weight_.depth);
  const size_t read = codes / 1024 * 1024;
  if (read == 0) return dots;
  // GB/s over the bytes of one run are runs a second, each of `giga_`.
  const double runs = ReadLimit(kernels_.target, codes_.get(), read) * 1e9 / double(codes + scales);
  return std::min(dots, runs * giga_);
}

}  // namespace parrotlet
