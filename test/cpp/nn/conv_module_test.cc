#include "nn/conv_module.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/layer_weights.h"
#include "random_cuts.h"

namespace parrotlet {
namespace {

constexpr int kDim = 20;
constexpr float kEpsilon = 1e-5f;

using Row = std::vector<double>;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

Row LayerNormed(const Row& x, const std::vector<float>& weight, const std::vector<float>& bias) {
  double mean = 0, variance = 0;
  for (const double v : x) mean += v / double(x.size());
  for (const double v : x) variance += (v - mean) * (v - mean) / double(x.size());
  Row out;
  for (size_t i = 0; i < x.size(); ++i) {
    out.push_back((x[i] - mean) / std::sqrt(variance + kEpsilon) * weight[i] + bias[i]);
  }
  return out;
}

Row Linearly(const Row& x, const std::vector<float>& weight, const std::vector<float>& bias) {
  Row out(bias.begin(), bias.end());
  for (size_t n = 0; n < out.size(); ++n) {
    for (size_t k = 0; k < x.size(); ++k) out[n] += x[k] * weight[n * x.size() + k];
  }
  return out;
}

struct Fixture {
  explicit Fixture(int kernel) : kernel(kernel), weights(uint64_t(kernel)) {
    weights.Add("c.norm.weight", {kDim}, 0.8f, 1.2f)
        .Add("c.norm.bias", {kDim}, -0.2f, 0.2f)
        .Add("c.in.weight", {2 * kDim, kDim}, -0.4f, 0.4f)
        .Add("c.in.bias", {2 * kDim}, -0.2f, 0.2f)
        .Add("c.depthwise.weight", {kernel, kDim}, -1, 1)
        .Add("c.depthwise.bias", {kDim}, -0.2f, 0.2f)
        .Add("c.depthwise_norm.weight", {kDim}, 0.8f, 1.2f)
        .Add("c.depthwise_norm.bias", {kDim}, -0.2f, 0.2f)
        .Add("c.out.weight", {kDim, kDim}, -0.4f, 0.4f)
        .Add("c.out.bias", {kDim}, -0.2f, 0.2f);
    weights.Into([&](Weights& w) { module.Load(w, "c", kDim, kernel, kEpsilon); });
  }

  // x + module(x) over whole rows, in double.
  std::vector<double> Definition(const std::vector<float>& x) const {
    std::vector<Row> gated;
    std::vector<double> out;
    for (size_t t = 0; t < x.size() / kDim; ++t) {
      const Row in(x.begin() + long(t) * kDim, x.begin() + long(t + 1) * kDim);
      const Row wide = Linearly(LayerNormed(in, weights["c.norm.weight"], weights["c.norm.bias"]),
                                weights["c.in.weight"], weights["c.in.bias"]);
      gated.emplace_back();
      for (int c = 0; c < kDim; ++c) gated[t].push_back(wide[c] * Sigmoid(wide[kDim + c]));
      Row past(weights["c.depthwise.bias"].begin(), weights["c.depthwise.bias"].end());
      for (int k = 0; k < kernel; ++k) {
        const long frame = long(t) - (kernel - 1) + k;
        for (int c = 0; c < kDim && frame >= 0; ++c) {
          past[c] += gated[frame][c] * weights["c.depthwise.weight"][k * kDim + c];
        }
      }
      Row active =
          LayerNormed(past, weights["c.depthwise_norm.weight"], weights["c.depthwise_norm.bias"]);
      for (double& v : active) v *= Sigmoid(v);
      const Row delta = Linearly(active, weights["c.out.weight"], weights["c.out.bias"]);
      for (int c = 0; c < kDim; ++c) out.push_back(in[c] + delta[c]);
    }
    return out;
  }

  // `again`: so many rows behind each cut run beside those before it, and then once more.
  std::vector<float> Run(std::vector<float> x, uint32_t seed, const Kernels& kernels,
                         size_t again = 0) const {
    WorkspaceNeeds needs;
    module.AddNeeds(needs);
    ConvModule::State state;
    LayerMemory memory(kernels, needs, [&](Arena& arena) { module.Bind(arena, state, true); });
    module.Reset(state);
    const auto run = [&](size_t begin, size_t count) {
      const size_t rows = std::min(count + again, x.size() / kDim - begin);
      std::vector<float> run(x.begin() + long(begin * kDim),
                             x.begin() + long((begin + rows) * kDim));
      module.Run(state, memory.work, run.data(), int(rows), int(rows - count));
      std::copy(run.begin(), run.begin() + long(count * kDim), x.begin() + long(begin * kDim));
    };
    if (seed == 0) {
      run(0, x.size() / kDim);
    } else {
      InRandomCuts(x.size() / kDim, seed, run);
    }
    return x;
  }

  int kernel;
  LayerWeights weights;
  ConvModule module;
};

TEST(ConvModule, EqualsTheDefinitionHoweverTheInputIsCut) {
  for (const int kernel : {1, 2, 5, 15, 40}) {  // 40 is more than a block of rows
    const Fixture fixture(kernel);
    const std::vector<float> x = Random(4).Floats(90 * kDim, -1, 1);
    const std::vector<float> whole = fixture.Run(x, 0, Fastest());
    ExpectNear(whole, fixture.Definition(x), 2e-5);
    for (const uint32_t seed : {1, 2, 3}) {
      ExpectSameBits(fixture.Run(x, seed, Fastest()), whole, "cut");
      ExpectSameBits(fixture.Run(x, seed, Fastest(), 7), whole, "provisional rows");
    }
    for (const Kernels* kernels : SupportedKernels()) {
      ExpectSameBits(fixture.Run(x, 4, *kernels), whole, kernels->target);
    }
  }
}

}  // namespace
}  // namespace parrotlet
