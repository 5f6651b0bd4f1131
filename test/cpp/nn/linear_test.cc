// A linear layer computes in the format that the model's file gives its matrix, and alike with and
// without a norm in front or gates behind.
#include "nn/linear.h"

#include "nn/layer_weights.h"

namespace parrotlet {
namespace {

constexpr int kInputs = 48, kHalf = 21, kOutputs = 2 * kHalf, kRows = kRowBlock + 3;

// A file with a matrix "q.weight" of that format and its bias, the same matrix as floats, "f", and
// a norm.
std::vector<uint8_t> FileOf(const WeightCase& matrix, const std::vector<float>& bias) {
  const std::vector<int8_t> codes(matrix.codes.begin(), matrix.codes.end());
  return ModelWriter()
      .Quantized("q.weight", matrix.format, kOutputs, kInputs, codes, matrix.scale,
                 matrix.format.scheme == Scheme::kAffine ? matrix.zero : std::vector<float>())
      .Floats("q.bias", {kOutputs}, bias)
      .Floats("f.weight", {kOutputs, kInputs}, matrix.floats)
      .Floats("f.bias", {kOutputs}, bias)
      .Floats("norm.weight", {kInputs}, Random(7).Floats(kInputs, 0.5f, 2))
      .Floats("norm.bias", {kInputs}, Random(8).Floats(kInputs, -1, 1))
      .Write();
}

struct Layers {
  Linear quantized, floats;
  GatedLinear quantized_glu, float_silu;
  LayerNorm norm;
  Arena arena;

  explicit Layers(const std::vector<uint8_t>& bytes) {
    const Result<ModelFile> file = ModelFile::Parse(bytes);
    EXPECT_TRUE(file.ok()) << file.status().message;
    for (const bool counting : {true, false}) {
      Weights weights(file.value(), arena, InStrips, counting);
      quantized.Load(weights, "q", kOutputs, kInputs);
      floats.Load(weights, "f", kOutputs, kInputs);
      quantized_glu.Load(weights, "q", kHalf, kInputs, Combine::kGlu);
      float_silu.Load(weights, "f", kHalf, kInputs, Combine::kGatedSilu);
      norm.Load(weights, "norm", kInputs, 1e-5f);
      EXPECT_TRUE(weights.Finish().ok()) << weights.Finish().message;
      EXPECT_TRUE(!counting || arena.Allocate().ok());
    }
  }
};

std::vector<float> Outputs(const Linear& layer, const Kernels& kernels,
                           const std::vector<float>& in) {
  WorkspaceNeeds needs;
  layer.AddNeeds(needs);
  LayerMemory memory(kernels, needs, [](Arena&) {});
  std::vector<float> out(size_t(kRows) * kOutputs);
  layer.Run(memory.work, {in.data(), kInputs}, kRows, {out.data(), kOutputs});
  return out;
}

// What layer.Run(workspace, ...) leaves in rows of `outputs`, with room for rows of `inputs`.
template <typename Layer, typename Run>
std::vector<float> WrittenBy(const Layer& layer, const Kernels& kernels, int outputs, Run run) {
  WorkspaceNeeds needs;
  layer.AddNeeds(needs);
  needs.narrow = kInputs;
  LayerMemory memory(kernels, needs, [](Arena&) {});
  std::vector<float> out(size_t(kRows) * outputs);
  run(memory.work, out.data());
  return out;
}

// What the activations are rounded to: the row's largest size is `largest` steps.
std::vector<float> Rounded(const std::vector<float>& in, int largest) {
  std::vector<float> rounded;
  for (int row = 0; row < kRows; ++row) {
    const auto begin = in.begin() + row * kInputs;
    float size = 0;
    for (int k = 0; k < kInputs; ++k) size = std::max(size, std::abs(begin[k]));
    for (int k = 0; k < kInputs; ++k) {
      rounded.push_back(std::nearbyint(begin[k] * (float(largest) / size)) * (size / largest));
    }
  }
  return rounded;
}

TEST(LinearLayer, ComputesInTheFormatOfItsMatrix) {
  for (int bits : {8, 4, 2}) {
    for (Scheme scheme : kSchemes) {
      for (int activation_bits : kActivationBits) {
        const WeightFormat format{bits, 16, scheme, activation_bits};
        SCOPED_TRACE(FormatText(format));
        Random random(bits + activation_bits);
        const WeightCase matrix = RandomWeight(format, kOutputs, kInputs, random);
        const Layers layers(FileOf(matrix, random.Floats(kOutputs, -1, 1)));
        const std::vector<float> in = random.Floats(size_t(kRows) * kInputs, -2, 2);
        const bool rounds = activation_bits != 32;
        const std::vector<float> expected = Outputs(
            layers.floats, Fastest(), rounds ? Rounded(in, format.largest_activation()) : in);
        for (const Kernels* kernels : SupportedKernels()) {
          const std::vector<float> out = Outputs(layers.quantized, *kernels, in);
          if (!rounds) ExpectSameBits(out, expected, kernels->target);
          for (size_t i = 0; i < out.size(); ++i) {
            ASSERT_NEAR(out[i], expected[i], 1e-4) << kernels->target << ", value " << i;
          }
        }
      }
    }
  }
}

// Every format of quantized weights, in turn.
template <typename Check>
void ForFormats(Check check) {
  for (int bits : {8, 4, 2}) {
    for (Scheme scheme : kSchemes) {
      for (int activation_bits : kActivationBits) {
        const WeightFormat format{bits, 16, scheme, activation_bits};
        SCOPED_TRACE(FormatText(format));
        Random random(bits * 100 + activation_bits);
        const WeightCase matrix = RandomWeight(format, kOutputs, kInputs, random);
        const Layers layers(FileOf(matrix, random.Floats(kOutputs, -1, 1)));
        check(layers, random.Floats(size_t(kRows) * kInputs, -2, 2));
      }
    }
  }
}

TEST(LinearLayer, ANormInFrontEqualsNormingFirst) {
  ForFormats([](const Layers& layers, const std::vector<float>& in) {
    for (const Kernels* kernels : SupportedKernels()) {
      std::vector<float> normed(in.size());
      kernels->layer_norm(in.data(), kRows, layers.norm.weights(), normed.data());
      for (const Linear* layer : {&layers.quantized, &layers.floats}) {
        const std::vector<float> out =
            WrittenBy(*layer, *kernels, kOutputs, [&](Workspace& work, float* to) {
              layer->Run(work, {in.data(), kInputs, &layers.norm}, kRows, {to, kOutputs});
            });
        ExpectSameBits(out, Outputs(*layer, *kernels, normed), kernels->target);
      }
    }
  });
}

TEST(LinearLayer, GatesEqualOneLinearAndTheirKernel) {
  ForFormats([](const Layers& layers, const std::vector<float>& in) {
    for (const Kernels* kernels : SupportedKernels()) {
      std::vector<float> expected(size_t(kRows) * kHalf);
      const auto expect = [&](const GatedLinear& gated) {
        const auto run = [&](Workspace& work, float* to) {
          gated.Run(work, {in.data(), kInputs}, kRows, to, kHalf);
        };
        ExpectSameBits(WrittenBy(gated, *kernels, kHalf, run), expected, kernels->target);
      };
      kernels->glu(Outputs(layers.quantized, *kernels, in).data(), kRows, kHalf, expected.data());
      expect(layers.quantized_glu);
      kernels->gated_silu(Outputs(layers.floats, *kernels, in).data(), kRows, kHalf,
                          expected.data());
      expect(layers.float_silu);
    }
  });
}

}  // namespace
}  // namespace parrotlet
