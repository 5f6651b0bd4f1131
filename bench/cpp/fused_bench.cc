// What fusing saves: parts of layers with one kernel after the other and fused, by turns; `ratio`
// is the fused one's time to the other's, the median of many turns. Sizes of the default model.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "linear_case.h"

namespace parrotlet {
namespace {

constexpr int kDim = 288, kWide = 1152;
constexpr int kRows[] = {1, 8, 27};
constexpr WeightFormat kFormats[] = {{8, 48}, {4, 48}, {2, 48}, {32, 0}};

template <typename Work>
double Seconds(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

template <typename Separate, typename Fused>
void Compare(benchmark::State& state, Separate separate, Fused fused) {
  std::vector<double> ratios;
  for (auto _ : state) {
    const double before = Seconds(separate);
    ratios.push_back(Seconds(fused) / before);
  }
  std::nth_element(ratios.begin(), ratios.begin() + ratios.size() / 2, ratios.end());
  state.counters["ratio"] = ratios[ratios.size() / 2];
}

// A feed-forward's first linear and its activation.
void Activated(benchmark::State& state, const Kernels* kernels, WeightFormat format, int rows) {
  const LinearCase linear(*kernels, format, rows, kDim, kWide);
  const Epilogue epilogue = {.activation = Activation::kGelu};
  float* out = linear.args().out;
  Compare(
      state,
      [&] {
        linear.Run();
        kernels->gelu(out, rows * kWide, out);
      },
      [&] {
        linear.Round();
        linear.Multiply(epilogue);
      });
}

// Its last linear and the residual.
void Added(benchmark::State& state, const Kernels* kernels, WeightFormat format, int rows) {
  if (format.bits != 32) format.group_size = 96;
  const LinearCase linear(*kernels, format, rows, kWide, kDim);
  std::vector<float> x(size_t(rows) * kDim, 0.5f);
  const float* out = linear.args().out;
  const Epilogue epilogue = {
      .combine = Combine::kResidual, .other = x.data(), .other_stride = kDim, .factor = 0.5f};
  Compare(
      state,
      [&] {
        linear.Run();
        for (size_t i = 0; i < x.size(); ++i) x[i] += 0.5f * out[i];
      },
      [&] {
        linear.Round();
        linear.Multiply(epilogue);
      });
}

// A decoder's gated feed-forward: one linear of values and gates, or two.
void Gated(benchmark::State& state, const Kernels* kernels, WeightFormat format, int rows) {
  const LinearCase both(*kernels, format, rows, kDim, 2 * kWide);
  const LinearCase value(*kernels, format, rows, kDim, kWide);
  const LinearCase gate(*kernels, format, rows, kDim, kWide);
  std::vector<float> out(size_t(rows) * kWide);
  const Epilogue epilogue = {
      .combine = Combine::kGatedSilu, .other = value.args().out, .other_stride = kWide};
  gate.Round();
  Compare(
      state,
      [&] {
        both.Run();
        kernels->gated_silu(both.args().out, rows, kWide, out.data());
      },
      [&] {
        value.Run();
        gate.Multiply(epilogue);
      });
}

// The norm in front of a linear, and the rounding of its rows.
void Normed(benchmark::State& state, const Kernels* kernels, WeightFormat format, int rows) {
  const LinearCase linear(*kernels, format, rows, kDim, kDim);
  const std::vector<float> weight(kDim, 1.5f);
  const NormWeights norm = {kDim, weight.data(), nullptr, 1e-5f};
  std::vector<float> normed(size_t(rows) * kDim);
  const LinearArgs& args = linear.args();
  const int groups = args.weight->groups;
  Compare(
      state,
      [&] {
        kernels->layer_norm(args.in, rows, norm, normed.data());
        kernels->quantize_rows(normed.data(), kDim, rows, kDim, groups, 127, args.act);
      },
      [&] { kernels->layer_norm_quantize(args.in, rows, norm, groups, 127, args.act); });
}

const bool kRegistered = [] {
  for (const Kernels* kernels : AllKernels()) {
    if (!kernels->supported()) continue;
    for (const WeightFormat& format : kFormats) {
      for (const int rows : kRows) {
        const auto add = [&](const char* what, auto function) {
          const std::string name = std::string("fused/") + kernels->target + "/" + what + "/w" +
                                   std::to_string(format.bits) + "/rows:" + std::to_string(rows);
          benchmark::RegisterBenchmark(name.c_str(), function, kernels, format, rows);
        };
        add("linear+gelu", Activated);
        add("linear+residual", Added);
        add("linear+gate", Gated);
        if (format.bits == 4) add("norm+quantize", Normed);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace parrotlet
