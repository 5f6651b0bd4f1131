// Speed of every linear of every target that this CPU runs, rounding of the rows included:
// one weight matrix, hot in the cache, one thread. GOPS counts two operations per weight and row;
// of_limit is their part of what the dot instruction alone, or reading the weights alone, allows.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "limits.h"

namespace parrotlet {
namespace {

struct Shape {
  int depth, cols, group_size;
  Scheme scheme = Scheme::kSymmetric;
  int activation_bits = 8;
};

// Feed-forward of three sizes of model and a token table per channel; sub-channels; then zeros, and
// activations left as floats.
constexpr Shape kShapes[] = {{288, 1152, 288},
                             {288, 32768, 288},
                             {144, 576, 144},
                             {512, 2048, 512},
                             {1152, 288, 1152},
                             {288, 1152, 32},
                             {288, 1152, 48},
                             {144, 576, 48},
                             {512, 2048, 64},
                             {288, 1152, 96},
                             {288, 1152, 288, Scheme::kAffine},
                             {288, 1152, 48, Scheme::kAffine},
                             {512, 2048, 64, Scheme::kMidRise},
                             {288, 1152, 288, Scheme::kSymmetric, 32},
                             {288, 1152, 48, Scheme::kAffine, 32}};
constexpr int kRows[] = {1, 2, 4, 8, 27};

template <typename T>
using Block = std::unique_ptr<T[], decltype(&std::free)>;

template <typename T>
Block<T> Allocate(size_t count) {
  const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
  return {static_cast<T*>(std::aligned_alloc(64, bytes)), &std::free};
}

void Linear(benchmark::State& state, const Kernels* kernels, int bits, Shape shape, int rows) {
  const WeightFormat format{bits, shape.group_size, shape.scheme, shape.activation_bits};
  const int groups = shape.depth / shape.group_size;
  std::vector<uint8_t> disk(shape.cols * DiskRowBytes(bits, shape.depth));
  for (size_t i = 0; i < disk.size(); ++i) disk[i] = uint8_t(i * 151 + (i >> 8));
  const std::vector<float> disk_scale(size_t(shape.cols) * groups, 0.01f);
  const auto codes = Allocate<uint8_t>(PackedCodeBytes(format, shape.cols, shape.depth));
  const auto scale = Allocate<float>(PackedScaleCount(format, shape.cols, shape.depth));
  const DiskMatrix stored = {disk.data(), disk_scale.data(), disk_scale.data()};
  const PackedMatrix weight =
      PackMatrix(format, shape.cols, shape.depth, stored, codes.get(), scale.get());

  std::vector<float> in(size_t(rows) * shape.depth);
  for (size_t i = 0; i < in.size(); ++i) in[i] = float(int(i * 37 % 101) - 50);
  std::vector<float> out(size_t(rows) * shape.cols);
  const auto act = Allocate<int8_t>(size_t(rows) * weight.padded_depth());
  std::vector<float> act_scale(rows);
  std::vector<int32_t> act_sum(size_t(rows) * groups);

  LinearArgs args;
  args.rows = rows;
  args.weight = &weight;
  args.in = in.data();
  args.in_stride = shape.depth;
  args.act = {act.get(), act_scale.data(), act_sum.data()};
  args.out = out.data();
  args.out_stride = shape.cols;
  const auto linear = LinearFor(*kernels, format);
  for (auto _ : state) {
    if (format.rounds_rows()) {
      kernels->quantize_rows(in.data(), shape.depth, rows, shape.depth, groups,
                             format.largest_activation(), args.act);
    }
    linear(args);
    benchmark::ClobberMemory();
  }
  const double giga = 2e-9 * rows * shape.cols * shape.depth;
  state.counters["GOPS"] = benchmark::Counter(giga, benchmark::Counter::kIsIterationInvariantRate);
  const size_t bytes = PackedCodeBytes(format, shape.cols, shape.depth) / 1024 * 1024;
  // GB/s over the bytes of one run are runs a second, each of `giga`.
  const double read = ReadLimit(kernels->target, codes.get(), bytes) * 1e9 / double(bytes) * giga;
  const double limit = std::min(DotLimit(kernels->target), read);
  if (!format.rounds_rows() || limit == 0) return;
  state.counters["of_limit"] =
      benchmark::Counter(giga / limit, benchmark::Counter::kIsIterationInvariantRate);
}

// What is not as usual, as part of a name.
std::string Variant(const Shape& shape) {
  std::string text;
  if (shape.scheme == Scheme::kMidRise) text += "/mid-rise";
  if (shape.scheme == Scheme::kAffine) text += "/affine";
  if (shape.activation_bits == 32) text += "/floats";
  return text;
}

const bool kRegistered = [] {
  for (const Kernels* kernels : AllKernels()) {
    if (!kernels->supported()) continue;
    for (int bits : kWeightBits) {
      for (const Shape& shape : kShapes) {
        const bool per_channel = shape.group_size == shape.depth;
        const bool plain = shape.scheme == Scheme::kSymmetric && shape.activation_bits == 8;
        if (bits == 32 && !(per_channel && plain)) continue;
        for (int rows : kRows) {
          const std::string name =
              std::string("linear/") + kernels->target + "/w" + std::to_string(bits) + "/" +
              std::to_string(shape.depth) + "x" + std::to_string(shape.cols) +
              "/group:" + (per_channel ? "all" : std::to_string(shape.group_size)) +
              Variant(shape) + "/rows:" + std::to_string(rows);
          benchmark::RegisterBenchmark(name.c_str(), Linear, kernels, bits, shape, rows);
        }
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace parrotlet
