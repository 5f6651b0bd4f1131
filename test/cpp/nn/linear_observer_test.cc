#include "nn/linear_observer.h"

#include "nn/layer_weights.h"
#include "nn/linear.h"

namespace parrotlet {
namespace {

// Rows overlap as the windows of a convolution do, and their number divides no block.
TEST(LinearObserver, SumsOuterProductsOfTheRowsOfItsMatrices) {
  constexpr int kInputs = 19, kOutputs = 5, kStride = 7, kRows = 47;
  LayerWeights layer(1);
  layer.Add("seen.weight", {kOutputs, kInputs}, -1, 1).Add("other.weight", {3, kInputs}, -1, 1);
  Linear seen, other;
  std::vector<NamedMatrix> matrices;
  layer.Into([&](Weights& weights) {
    seen.Load(weights, "seen", kOutputs, kInputs);
    other.Load(weights, "other", 3, kInputs);
    matrices = weights.matrices();
  });
  ASSERT_EQ(matrices.size(), 2u);
  WorkspaceNeeds needs;
  seen.AddNeeds(needs);
  LayerMemory memory(Fastest(), needs, [](Arena&) {});

  const std::vector<float> in = Random(2).Floats(kStride * kRows + kInputs, -2, 2);
  std::vector<float> plain(kRows * kOutputs + kTileCols), observed = plain;
  seen.Run(memory.work, {in.data(), kStride}, kRows, {plain.data(), kOutputs});
  LinearObserver observer(matrices);
  memory.work.observer = &observer;
  seen.Run(memory.work, {in.data(), kStride}, kRows, {observed.data(), kOutputs});
  EXPECT_EQ(observed, plain);

  const LinearObserver::Moments* moments = observer.Find("seen.weight");
  ASSERT_NE(moments, nullptr);
  EXPECT_EQ(moments->rows, size_t(kRows));
  ASSERT_EQ(moments->inputs(), kInputs);
  std::vector<double> expected(kInputs * kInputs);
  for (int row = 0; row < kRows; ++row) {
    const float* x = in.data() + row * kStride;
    for (int i = 0; i < kInputs * kInputs; ++i) {
      expected[i] += double(x[i / kInputs]) * x[i % kInputs];
    }
  }
  ExpectNear(moments->sums, expected, 1e-4);
  EXPECT_EQ(observer.Find("other.weight")->rows, 0u);
  EXPECT_EQ(observer.Find("third.weight"), nullptr);
}

TEST(LinearObserver, SeesRowsAfterTheirNormAndOnceForBothHalves) {
  constexpr int kInputs = 19, kOutputs = 5, kRows = 47;
  LayerWeights layer(1);
  layer.Add("gated.weight", {2 * kOutputs, kInputs}, -1, 1).Add("norm.weight", {kInputs}, 0.5f, 2);
  GatedLinear gated;
  LayerNorm norm;
  std::vector<NamedMatrix> matrices;
  layer.Into([&](Weights& weights) {
    gated.Load(weights, "gated", kOutputs, kInputs, Combine::kGlu);
    norm.Load(weights, "norm", kInputs, 1e-5f);
    matrices = weights.matrices();
  });
  WorkspaceNeeds needs;
  gated.AddNeeds(needs);
  needs.narrow = kInputs;
  LayerMemory memory(Fastest(), needs, [](Arena&) {});

  const std::vector<float> in = Random(2).Floats(kInputs * kRows, -2, 2);
  std::vector<float> normed(in.size()), out(kRows * kOutputs);
  Fastest().layer_norm(in.data(), kRows, norm.weights(), normed.data());
  LinearObserver before(matrices), after(matrices);
  memory.work.observer = &before;
  gated.Run(memory.work, {in.data(), kInputs, &norm}, kRows, out.data(), kOutputs);
  memory.work.observer = &after;
  gated.Run(memory.work, {normed.data(), kInputs}, kRows, out.data(), kOutputs);

  ASSERT_NE(before.Find("gated.weight"), nullptr);
  EXPECT_EQ(before.Find("gated.weight")->rows, size_t(kRows));
  ExpectSameBits(before.Find("gated.weight")->sums, after.Find("gated.weight")->sums, "sums");
}

TEST(LinearObserver, PassesOverQuantizedMatrices) {
  PackedMatrix quantized;
  quantized.format = {4, 16};
  quantized.depth = 16;
  const std::vector<NamedMatrix> matrices = {{"quantized.weight", quantized}};
  EXPECT_TRUE(LinearObserver(matrices).empty());
}

}  // namespace
}  // namespace parrotlet
