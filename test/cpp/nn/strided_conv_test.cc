#include "nn/strided_conv.h"

#include <gtest/gtest.h>

#include "nn/layer_weights.h"
#include "random_cuts.h"

namespace parrotlet {
namespace {

constexpr int kIn = 3, kOut = 5;

struct Case {
  int kernel, stride, left, right;
};

constexpr Case kCases[] = {
    {1, 1, 0, 0},   {3, 1, 0, 0},
    {7, 3, 0, 0},   {2, 2, 1, 0},  // a causal stacker
    {4, 2, 0, 3},                  // look-ahead alone
    {6, 3, 2, 3},   {1, 4, 0, 0},  // a stride beyond the kernel
    {2, 5, 1, 0},   {3, 7, 1, 1},
    {17, 1, 0, 16}, {33, 2, 16, 16}  // more zeros at the end than frames of a step
};

// One output per stride, each the sum over its kernel, with zeros before and after the input.
std::vector<double> Definition(const Case& c, const std::vector<float>& weight,
                               const std::vector<float>& bias, const std::vector<float>& in) {
  const int frames = int(in.size()) / kIn;
  std::vector<double> out;
  for (int t = 0; t * c.stride + c.kernel <= c.left + frames + c.right; ++t) {
    for (int n = 0; n < kOut; ++n) {
      double sum = bias[n];
      for (int k = 0; k < c.kernel; ++k) {
        const int frame = t * c.stride - c.left + k;
        if (frame < 0 || frame >= frames) continue;
        for (int i = 0; i < kIn; ++i) {
          sum += double(in[frame * kIn + i]) * weight[(n * c.kernel + k) * kIn + i];
        }
      }
      out.push_back(sum);
    }
  }
  return out;
}

std::vector<float> Stream(const StridedConv& conv, const std::vector<float>& in, int max_in,
                          uint32_t seed) {
  WorkspaceNeeds needs;
  conv.AddNeeds(needs);
  StridedConv::State state;
  LayerMemory memory(Fastest(), needs, [&](Arena& arena) { conv.Bind(arena, state, max_in); });
  conv.Reset(state);
  std::vector<float> out;
  const auto append = [&](int most, auto&& step) {
    std::vector<float> fresh(size_t(std::max(most, 1)) * kOut);
    const int rows = step(fresh.data());
    ASSERT_LE(rows, most);
    out.insert(out.end(), fresh.begin(), fresh.begin() + rows * kOut);
  };
  InRandomCuts(in.size() / kIn, seed, [&](size_t begin, size_t count) {
    for (size_t done = 0; done < count;) {
      const int taken = int(std::min(count - done, size_t(max_in)));
      append(conv.MaxOutputs(taken), [&](float* fresh) {
        return conv.Step(state, memory.work, in.data() + (begin + done) * kIn, taken, fresh);
      });
      done += size_t(taken);
    }
  });
  append(conv.MaxOutputs(conv.shape().right_zeros),
         [&](float* fresh) { return conv.Flush(state, memory.work, fresh); });
  return out;
}

TEST(StridedConv, EqualsTheDefinitionHoweverTheInputIsCut) {
  for (const Case& c : kCases) {
    LayerWeights weights(uint64_t(c.kernel * 100 + c.stride));
    weights.Add("conv.weight", {kOut, c.kernel * kIn}, -1, 1).Add("conv.bias", {kOut}, -1, 1);
    StridedConv conv;
    StridedConvShape shape;
    shape.in_dim = kIn;
    shape.out_dim = kOut;
    shape.kernel = c.kernel;
    shape.stride = c.stride;
    shape.left_zeros = c.left;
    shape.right_zeros = c.right;
    weights.Into([&](Weights& w) { conv.Load(w, "conv", shape); });
    for (const int frames : {0, 1, 2, 5, 6, 7, 40}) {
      SCOPED_TRACE("kernel " + std::to_string(c.kernel) + ", stride " + std::to_string(c.stride) +
                   ", " + std::to_string(frames) + " frames");
      const std::vector<float> in = Random(9).Floats(size_t(frames) * kIn, -1, 1);
      const std::vector<float> whole = Stream(conv, in, 50, 1);
      ExpectNear(whole, Definition(c, weights["conv.weight"], weights["conv.bias"], in), 1e-5);
      for (const int max_in : {1, 3, 20}) {
        ExpectSameBits(Stream(conv, in, max_in, uint32_t(max_in)), whole, "cut");
      }
    }
  }
}

TEST(StridedConv, AStackerAnswersForEveryStrideThFrame) {
  LayerWeights weights(3);
  weights.Add("stack.weight", {kOut, 4 * kIn}, -1, 1);
  StridedConv stacker;
  weights.Into(
      [&](Weights& w) { stacker.Load(w, "stack", {kIn, kOut, 4, 3, 1, 2, Activation::kNone}); });
  for (int frames = 0; frames < 12; ++frames) {
    const std::vector<float> in(size_t(frames) * kIn, 1.0f);
    EXPECT_EQ(Stream(stacker, in, 4, 1).size() / kOut, size_t(frames + 2) / 3) << frames;
  }
}

}  // namespace
}  // namespace parrotlet
