#include "nn/attention_decoder.h"

#include <gtest/gtest.h>

#include "decode/search_run.h"
#include "golden_files.h"
#include "random_cuts.h"

namespace parrotlet {
namespace {

TEST(AttentionDecoder, APrefixAtOnceEqualsTokenByTokenOnEveryTarget) {
  for (const WeightFormat format : kTinyFormats) {
    const auto model = Model(1, format);
    const std::vector<float> memory = RandomMemory(*model, 2);
    Random random(3);
    std::vector<int> tokens(70);  // more than two blocks of rows
    for (int& token : tokens) token = random.Int(0, 39);
    std::vector<float> expected, begin, end;
    for (const Kernels* kernels : SupportedKernels()) {
      Network once(*model, *kernels, memory, 70), singly(*model, *kernels, memory, 70);
      const std::vector<float> scores = once.Run(tokens, 0, tokens.size());
      std::vector<float> last;
      for (size_t i = 0; i < tokens.size(); ++i) last = singly.Run(tokens, i, i + 1);
      if (expected.empty()) expected = scores;
      ExpectSameBits(scores, expected, kernels->target);
      ExpectSameBits(last, expected, "token by token");
      const size_t cells = tokens.size() * kFrames;
      const auto copy = [&](const float* cell) { return std::vector<float>(cell, cell + cells); };
      ExpectSameBits(copy(singly.state.begin_alignment), copy(once.state.begin_alignment), "begin");
      ExpectSameBits(copy(singly.state.end_alignment), copy(once.state.end_alignment), "end");
    }
  }
}

TEST(AttentionDecoder, MemoryInPiecesEqualsMemoryAtOnce) {
  const auto model = Model(1);
  const std::vector<float> memory = RandomMemory(*model, 2);
  const int dim = model->encoder().dim();
  Search once(model, 1), pieces(model, 1);
  once.Extend(memory, 0, kFrames);
  InRandomCuts(kFrames, 3, [&](size_t begin, size_t count) {
    pieces.Extend(memory, int(begin), int(begin + count));
  });
  once.Update(true);
  pieces.Update(true);
  EXPECT_EQ(once.Ids(), pieces.Ids());
  EXPECT_EQ(int(memory.size()), kFrames * dim);
}

TEST(AttentionDecoder, AlignmentsAreProbabilitiesOfTheirHeads) {
  const auto model = Model(4);
  Network network(*model, Fastest(), RandomMemory(*model, 5, 50), 10);
  network.Run({1, 9, 14, 22}, 0, 4);
  for (int row = 0; row < 4; ++row) {
    for (const float* weight : {network.state.begin_alignment, network.state.end_alignment}) {
      double sum = 0;
      for (int f = 0; f < kFrames; ++f) sum += weight[row * kFrames + f];
      EXPECT_NEAR(sum, 1, 1e-5);
      EXPECT_EQ(weight[row * kFrames + 50], 0);  // beyond the memory
    }
  }
  EXPECT_NE(network.state.begin_alignment[0], network.state.end_alignment[0]);
}

// Integers between floats whose last bits differ: of these none tips an activation to another
// integer.
TEST(AttentionDecoder, LogitsEqualThoseOfQuantizationAwareTraining) {
  const std::string folder = kGolden + "tiny-integers/";
  const Result<ModelFile> file = ModelFile::Read((folder + "model.safetensors").c_str(), 1 << 20);
  ASSERT_TRUE(file.ok()) << file.status().message;
  const auto model = AsrModel::Make(file.value());
  ASSERT_TRUE(model.ok()) << model.status().message;
  const Json golden = ReadJson(folder + "golden.json");
  for (const char* chunk : {"13", "27", "whole"}) {
    std::vector<int> tokens = {model.value()->config().decoder.start_token};
    for (const Json& token : golden.Find(chunk)->Find("tokens")->items()) {
      tokens.push_back(int(token.number()));
    }
    const std::vector<float> memory = ReadFloats(folder + "memory-" + chunk + ".f32");
    const std::vector<float> expected = ReadFloats(folder + "logits-" + chunk + ".f32");
    for (const Kernels* kernels : SupportedKernels()) {
      Network network(*model.value(), *kernels, memory, int(tokens.size()));
      std::vector<float> logits;
      for (size_t i = 0; i < tokens.size(); ++i) {
        const std::vector<float> scores = network.Run(tokens, i, i + 1);
        logits.insert(logits.end(), scores.begin(), scores.end());
      }
      EXPECT_LT(Distance(logits, expected), 1e-5) << kernels->target << ", chunk " << chunk;
    }
  }
}

}  // namespace
}  // namespace parrotlet
