#include "decode/ctc_greedy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/layer_weights.h"
#include "nn/tiny_writer.h"
#include "random_cuts.h"

namespace parrotlet {
namespace {

constexpr int kVocabulary = 14, kBlank = 3;
constexpr double kFrameSeconds = 0.04;

// An output layer that chooses token t for the t-th unit vector.
class Ctc : public testing::Test {
 protected:
  void SetUp() override {
    std::vector<float> identity(kVocabulary * kVocabulary);
    for (int i = 0; i < kVocabulary; ++i) identity[size_t(i) * (kVocabulary + 1)] = 1;
    weights_.Set("ctc.weight", {kVocabulary, kVocabulary}, identity);
    CtcConfig config;
    config.vocabulary = kVocabulary;
    config.blank = kBlank;
    weights_.Into([&](Weights& w) { output_.Load(w, config, kVocabulary); });
    for (const std::string& piece : TinyPieces(kVocabulary)) {
      pieces_.push_back(uint8_t(piece.size()));
      pieces_.insert(pieces_.end(), piece.begin(), piece.end());
    }
    Result<Tokenizer> tokenizer = Tokenizer::Make(pieces_, kVocabulary, {});
    ASSERT_TRUE(tokenizer.ok());
    tokenizer_ = std::move(tokenizer.value());
  }

  struct Run {
    Run(const Ctc& test, int max_frames)
        : ctc(test.output_, test.tokenizer_, max_frames, kFrameSeconds),
          memory(Fastest(), Needs(ctc), [&](Arena& arena) { ctc.Bind(arena); }) {
      ctc.Reset();
    }
    static WorkspaceNeeds Needs(const CtcGreedy& ctc) {
      WorkspaceNeeds needs;
      ctc.AddNeeds(needs);
      return needs;
    }
    void Extend(const std::vector<int>& best, size_t begin, size_t count) {
      std::vector<float> rows(count * kVocabulary);
      for (size_t i = 0; i < count; ++i) rows[i * kVocabulary + size_t(best[begin + i])] = 1;
      ctc.Extend(memory.work, rows.data(), int(count));
    }
    std::vector<int> Ids() const {
      std::vector<int> ids;
      for (const Token& token : ctc.tokens()) ids.push_back(token.id);
      return ids;
    }
    CtcGreedy ctc;
    LayerMemory memory;
  };

  static std::vector<int> RandomPath(uint64_t seed, size_t frames) {
    Random random(seed);
    std::vector<int> path;
    while (path.size() < frames) {
      const int token = random.Int(0, 2) == 0 ? kBlank : random.Int(0, kVocabulary - 1);
      path.insert(path.end(), size_t(random.Int(1, 3)), token);
    }
    path.resize(frames);
    return path;
  }

  LayerWeights weights_{1};
  CtcOutput output_;
  std::vector<uint8_t> pieces_;
  Tokenizer tokenizer_;
};

TEST_F(Ctc, CollapsesAsDefinedHoweverTheFramesCome) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<int> path = RandomPath(seed, 150);
    std::vector<Token> expected;
    for (size_t f = 0; f < path.size(); ++f) {
      if (path[f] == kBlank) continue;
      const float begin = float(f * kFrameSeconds), end = float((f + 1) * kFrameSeconds);
      if (f > 0 && path[f] == path[f - 1]) {
        expected.back().end = end;
      } else {
        expected.push_back({path[f], begin, end});
      }
    }
    Run run(*this, 150);
    InRandomCuts(path.size(), uint32_t(seed), [&](size_t begin, size_t count) {
      run.Extend(path, begin, count);
      run.ctc.Update(run.memory.work, false);
    });
    ASSERT_EQ(run.ctc.tokens().size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(run.ctc.tokens()[i].id, expected[i].id);
      EXPECT_NEAR(run.ctc.tokens()[i].begin, expected[i].begin, 1e-5);
      EXPECT_NEAR(run.ctc.tokens()[i].end, expected[i].end, 1e-5);
    }
  }
}

TEST_F(Ctc, ARepeatAcrossABorderIsOneTokenAndABlankParts) {
  Run run(*this, 10);
  run.Extend({5, 5}, 0, 2);
  run.Extend({5, kBlank}, 0, 2);
  run.Extend({5, 6, 6}, 0, 3);
  EXPECT_EQ(run.Ids(), (std::vector<int>{5, 5, 6}));
  run.ctc.Reset();
  run.Extend({6}, 0, 1);  // not merged with what was before
  EXPECT_EQ(run.Ids(), std::vector<int>{6});
}

TEST_F(Ctc, ATokenIsAsProbableAsInItsBestFrame) {
  Run run(*this, 4);
  const float scores[] = {1, 3, 2};  // of token 5 in three frames; the others have 0
  for (const float score : scores) {
    std::vector<float> row(kVocabulary);
    row[5] = score;
    run.ctc.Extend(run.memory.work, row.data(), 1);
  }
  ASSERT_EQ(run.Ids(), std::vector<int>{5});
  EXPECT_NEAR(run.ctc.tokens()[0].log_probability, 3 - std::log(std::exp(3.0) + kVocabulary - 1),
              1e-5);
}

TEST_F(Ctc, AWordIsStableOnceTheNextBegins) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const std::vector<int> path = RandomPath(seed, 60);
    Run run(*this, 60);
    std::vector<int> stable;
    for (size_t f = 0; f < path.size(); ++f) {
      run.Extend(path, f, 1);
      run.ctc.Update(run.memory.work, false);
      const std::vector<int> ids = run.Ids();
      int expected = 0;
      for (size_t i = 1; i < ids.size(); ++i) {
        if (tokenizer_.BeginsWord(ids[i])) expected = int(i);
      }
      ASSERT_EQ(run.ctc.stable(), expected);
      ASSERT_TRUE(std::equal(stable.begin(), stable.end(), ids.begin()));
      stable.assign(ids.begin(), ids.begin() + expected);
    }
    run.ctc.Update(run.memory.work, true);
    EXPECT_EQ(run.ctc.stable(), int(run.Ids().size()));
  }
}

TEST_F(Ctc, TruncateForgetsTokensThatBeginLaterButNoStableOnes) {
  Run run(*this, 20);
  // "▁" words: ids 8, 10; endings: 9.
  ASSERT_TRUE(tokenizer_.BeginsWord(8) && tokenizer_.BeginsWord(10) && !tokenizer_.BeginsWord(9));
  run.Extend({8, 9, kBlank, 10, 9, 10}, 0, 6);
  run.ctc.Truncate(4);
  EXPECT_EQ(run.Ids(), (std::vector<int>{8, 9, 10}));
  run.ctc.Update(run.memory.work, false);
  EXPECT_EQ(run.ctc.stable(), 2);
  run.ctc.Truncate(0);
  EXPECT_EQ(run.Ids(), (std::vector<int>{8, 9}));
  run.ctc.Update(run.memory.work, true);
  EXPECT_EQ(run.ctc.stable(), 2);
}

TEST_F(Ctc, HoldsOneTokenPerFrame) {
  std::vector<int> path;
  for (int i = 0; i < 40; ++i) path.push_back(i % 2 == 0 ? 8 : 9);
  Run run(*this, 40);
  run.Extend(path, 0, path.size());
  EXPECT_EQ(run.Ids(), path);
  EXPECT_EQ(run.ctc.max_tokens(), 40);
}

}  // namespace
}  // namespace parrotlet
