#include "decode/words.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace parrotlet {
namespace {

#define MARK "\xE2\x96\x81"

// Tokens that a test chooses.
class FixedDecoder final : public TokenDecoder {
 public:
  FixedDecoder(std::vector<Token> tokens, int stable, bool timed = true)
      : tokens_(std::move(tokens)), stable_(stable), timed_(timed) {}

  void AddNeeds(WorkspaceNeeds&) const override {}
  void Bind(Arena&) override {}
  void Reset() override {}
  void Extend(Workspace&, const float*, int) override {}
  void Truncate(int) override {}
  void Update(Workspace&, bool) override {}
  std::span<const Token> tokens() const override { return tokens_; }
  int stable() const override { return stable_; }
  bool timed() const override { return timed_; }
  int max_tokens() const override { return 16; }

 private:
  std::vector<Token> tokens_;
  int stable_;
  bool timed_;
};

// 0 "<s>", 1 "▁he", 2 "llo", 3 ",", 4 "▁world", 5 "▁", 6 byte C3, 7 byte A9
class Words : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string piece :
         {"<s>", MARK "he", "llo", ",", MARK "world", MARK, "<0xC3>", "<0xA9>"}) {
      table_.push_back(uint8_t(piece.size()));
      table_.insert(table_.end(), piece.begin(), piece.end());
    }
    const int special[] = {0};
    Result<Tokenizer> made = Tokenizer::Make(table_, 8, special);
    ASSERT_TRUE(made.ok());
    tokenizer_ = std::move(made.value());
    ASSERT_TRUE(
        arena_.Build([&](Arena& arena) { builder_.Bind(arena, 16, tokenizer_.max_piece_bytes()); })
            .ok());
  }

  void Build(std::vector<Token> tokens, int stable, double offset = 0, double length = 10,
             bool timed = true) {
    builder_.Build(tokenizer_, confidence_, FixedDecoder(std::move(tokens), stable, timed), offset,
                   length);
  }

  std::string Text() const { return std::string(builder_.text()); }
  std::string TextOf(size_t word) const {
    const Word& w = builder_.words()[word];
    return Text().substr(size_t(w.text_begin), size_t(w.text_bytes));
  }

  std::vector<uint8_t> table_;
  Tokenizer tokenizer_;
  ConfidenceConfig calibration_;
  Confidence confidence_{*AllKernels().back(), calibration_};
  Arena arena_;
  WordBuilder builder_;
};

TEST_F(Words, GroupsTokensIntoWords) {
  Build({{0, 0, 0}, {1, 1, 2}, {2, 2, 3}, {3, 3, 4}, {4, 5, 6}}, 0, 100, 50);
  EXPECT_EQ(Text(), "hello, world");
  EXPECT_STREQ(builder_.text().data(), "hello, world");  // ends in a zero byte
  ASSERT_EQ(builder_.words().size(), 2u);
  EXPECT_EQ(TextOf(0), "hello,");
  EXPECT_EQ(TextOf(1), "world");
  // The comma takes no time.
  EXPECT_EQ(builder_.words()[0].begin, 101);
  EXPECT_EQ(builder_.words()[0].end, 103);
  EXPECT_EQ(builder_.words()[1].begin, 105);
  EXPECT_EQ(builder_.words()[1].end, 106);
}

TEST_F(Words, PunctuationAloneKeepsItsTimes) {
  Build({{3, 1, 2}}, 1);
  EXPECT_EQ(Text(), ",");
  EXPECT_EQ(builder_.words()[0].begin, 1);
  EXPECT_EQ(builder_.words()[0].end, 2);
}

TEST_F(Words, StableBytesEndWithTheLastStableWord) {
  const std::vector<Token> tokens = {{1, 0, 1}, {2, 1, 2}, {4, 3, 4}, {1, 5, 6}};
  const int bytes[] = {0, 0, 5, 11, 14};  // one token of "hello" is not the word
  for (int stable = 0; stable <= 4; ++stable) {
    Build(tokens, stable);
    EXPECT_EQ(builder_.stable_bytes(), bytes[stable]) << stable;
    for (const Word& word : builder_.words()) {
      EXPECT_EQ(word.stable, word.text_begin + word.text_bytes <= bytes[stable]);
    }
  }
}

TEST_F(Words, DropsWordsWithoutText) {
  Build({{0, 0, 1}, {5, 1, 2}, {4, 2, 3}, {5, 3, 4}, {5, 4, 5}, {1, 5, 6}, {0, 6, 7}, {5, 7, 8}},
        8);
  EXPECT_EQ(Text(), "world he");
  ASSERT_EQ(builder_.words().size(), 2u);
  EXPECT_EQ(TextOf(1), "he");
  EXPECT_EQ(builder_.stable_bytes(), 8);
  Build({}, 0);
  EXPECT_EQ(Text(), "");
  EXPECT_TRUE(builder_.words().empty());
}

TEST_F(Words, MendsBytesWordByWord) {
  Build({{1, 0, 1}, {6, 1, 2}, {7, 2, 3}, {4, 3, 4}, {6, 4, 5}}, 0);
  EXPECT_EQ(Text(), "he\xC3\xA9 world?");
}

TEST_F(Words, PutsTimesInOrder) {
  // The second begins before the first ends, and the third before both.
  Build({{1, 2, 5}, {4, 3, 4}, {1, 1, 9}}, 0, 0, 8);
  const auto words = builder_.words();
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(words[0].begin, 2);
  EXPECT_EQ(words[0].end, 3);  // the end gives way, not the beginning
  for (size_t i = 0; i < words.size(); ++i) {
    EXPECT_GE(words[i].end, words[i].begin + 0.0199) << i;
    EXPECT_LE(words[i].end, 8) << i;
    if (i > 0) {
      EXPECT_GE(words[i].begin, words[i - 1].end) << i;
    }
  }
}

TEST_F(Words, ClampsTimesToTheSegment) {
  Build({{1, -3, -2}, {4, 20, 30}}, 0, 50, 4);
  EXPECT_EQ(builder_.words()[0].begin, 50);
  EXPECT_NEAR(builder_.words()[0].end, 50.02, 1e-9);
  EXPECT_EQ(builder_.words()[1].begin, 54);
  // Words crowded at the end keep their order and their least length.
  Build({{1, 9, 9}, {4, 9, 9}, {1, 9, 9}}, 0, 0, 4);
  double before = 4;
  for (const Word& word : builder_.words()) {
    EXPECT_NEAR(word.begin, before, 1e-9);
    EXPECT_NEAR(word.end, before + 0.02, 1e-9);
    before = word.end;
  }
}

TEST_F(Words, AreAsProbableAsTheirSpokenTokens) {
  const float half = std::log(0.5f), rare = std::log(0.01f);
  // "hello," and "world" behind a special token.
  Build({{1, 0, 1, half}, {2, 1, 2, half}, {3, 2, 3, rare}, {0, 3, 4, rare}, {4, 5, 6, half}}, 0);
  ASSERT_EQ(builder_.words().size(), 2u);
  EXPECT_NEAR(builder_.words()[0].confidence, 0.25, 1e-5);
  EXPECT_NEAR(builder_.words()[1].confidence, 0.5, 1e-5);
  EXPECT_NEAR(builder_.MeanConfidence(), 0.375, 1e-5);
  Build({{3, 0, 1, rare}}, 0);  // nothing spoken
  EXPECT_NEAR(builder_.words()[0].confidence, 0.01, 1e-5);
  Build({}, 0);
  EXPECT_EQ(builder_.MeanConfidence(), 0);
}

TEST_F(Words, WithoutTimesEveryWordHasTheWholeSegment) {
  Build({{1, 0, 0}, {4, 0, 0}}, 0, 7, 3, /*timed=*/false);
  for (const Word& word : builder_.words()) {
    EXPECT_EQ(word.begin, 7);
    EXPECT_EQ(word.end, 10);
  }
}

}  // namespace
}  // namespace parrotlet
