// Speed of every linear of every target that this CPU runs, rounding of the rows included:
// one weight matrix, hot in the cache, one thread. GOPS counts two operations per weight and row;
// of_limit is their part of what the dot instruction alone, or reading the weights alone, allows.
#include <benchmark/benchmark.h>

#include <string>

#include "kernels/kernels.h"
#include "linear_case.h"

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

void Linear(benchmark::State& state, const Kernels* kernels, int bits, Shape shape, int rows) {
  const WeightFormat format{bits, shape.group_size, shape.scheme, shape.activation_bits};
  const LinearCase linear(*kernels, format, rows, shape.depth, shape.cols);
  for (auto _ : state) {
    linear.Run();
    benchmark::ClobberMemory();
  }
  const double giga = linear.giga();
  state.counters["GOPS"] = benchmark::Counter(giga, benchmark::Counter::kIsIterationInvariantRate);
  const double limit = linear.Limit();
  if (limit == 0) return;
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
