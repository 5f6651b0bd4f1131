#include "nn/running_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/layer_weights.h"
#include "random_cuts.h"

namespace parrotlet {
namespace {

constexpr int kChannels = 19;

struct Fixture {
  explicit Fixture(float prior_frames = 8, float epsilon = 1e-5f) : weights(1) {
    config.norm_epsilon = epsilon;
    config.prior_frames = prior_frames;
    config.prior_mean = 0.25f;
    config.prior_variance = 0.5f;
    weights.Add("frontend.norm.weight", {kChannels}, 0.5f, 1.5f)
        .Add("frontend.norm.bias", {kChannels}, -1, 1);
    weights.Into([&](Weights& w) { norm.Load(w, config, kChannels); });
  }

  std::vector<float> Run(std::vector<float> x, uint32_t seed) {
    LayerMemory memory(Fastest(), {}, [](Arena&) {});
    RunningNorm::State state;
    norm.Reset(state);
    InRandomCuts(x.size() / kChannels, seed, [&](size_t begin, size_t count) {
      norm.Step(state, memory.work, x.data() + begin * kChannels, int(count));
    });
    return x;
  }

  double Scaled(const std::vector<float>& x, size_t i, double mean, double variance) const {
    return (x[i] - mean) / std::sqrt(variance + config.norm_epsilon) *
               weights["frontend.norm.weight"][i % kChannels] +
           weights["frontend.norm.bias"][i % kChannels];
  }

  FrontEndConfig config;
  LayerWeights weights;
  RunningNorm norm;
};

TEST(RunningNorm, EqualsTheDefinitionHoweverTheInputIsCut) {
  Fixture fixture;
  const std::vector<float> x = Random(2).Floats(200 * kChannels, -1, 3);
  const FrontEndConfig& config = fixture.config;
  std::vector<double> expected;
  double sum = config.prior_frames * config.prior_mean;
  double squares =
      config.prior_frames * (config.prior_variance + double(config.prior_mean) * config.prior_mean);
  for (size_t t = 0; t < x.size() / kChannels; ++t) {
    for (size_t i = t * kChannels; i < (t + 1) * kChannels; ++i) {
      sum += double(x[i]) / kChannels;
      squares += double(x[i]) * x[i] / kChannels;
    }
    const double count = config.prior_frames + double(t + 1), mean = sum / count;
    for (size_t i = t * kChannels; i < (t + 1) * kChannels; ++i) {
      expected.push_back(fixture.Scaled(x, i, mean, squares / count - mean * mean));
    }
  }
  const std::vector<float> whole = fixture.Run(x, 1);
  ExpectNear(whole, expected, 5e-6);
  ExpectSameBits(fixture.Run(x, 2), whole, "cut");
}

TEST(RunningNorm, DoesNotAmplifyDigitalSilence) {
  Fixture fixture(0, 1e-12f);
  const std::vector<float> out = fixture.Run(Random(6).Floats(50 * kChannels, -1e-6f, 1e-6f), 1);
  const std::vector<float>& bias = fixture.weights["frontend.norm.bias"];
  for (size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i], bias[i % kChannels], 4e-3);
}

TEST(RunningNorm, WholeUsesMeanAndVarianceOfEverything) {
  Fixture fixture;
  for (const float offset : {0.0f, 1000.0f}) {  // a variance of squares would cancel at 1000
    std::vector<float> x = Random(3).Floats(70 * kChannels, -1 + offset, 1 + offset);
    double mean = 0, variance = 0;
    for (const float v : x) mean += v / double(x.size());
    for (const float v : x) variance += (v - mean) * (v - mean) / double(x.size());
    std::vector<double> expected;
    for (size_t i = 0; i < x.size(); ++i) expected.push_back(fixture.Scaled(x, i, mean, variance));
    LayerMemory memory(Fastest(), {}, [](Arena&) {});
    fixture.norm.Whole(memory.work, x.data(), int(x.size()) / kChannels);
    ExpectNear(x, expected, offset == 0 ? 2e-6 : 1e-3);
  }
}

}  // namespace
}  // namespace parrotlet
