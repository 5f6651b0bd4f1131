#include "decode/attention_search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "decode/search_run.h"

namespace parrotlet {
namespace {

// As many tokens as the makers' guard allows: by the seconds heard, and some for short audio.
int Limit(const AsrModel& model, int frames) {
  return int((frames + 1) * kFrameSeconds * model.decoder().config().tokens_per_second) + 8;
}

// The length that a text is cut to because its end repeats, or its own length: the same 1 to 16
// tokens said at least three times, with at least six too many; the shortest such run counts.
size_t LoopCut(const std::vector<int>& text) {
  for (size_t period = 1; period <= 16; ++period) {
    size_t repeats = 1;
    while ((repeats + 1) * period <= text.size()) {
      const auto last = text.end() - long(period);
      if (!std::equal(last, text.end(), last - long(repeats * period))) break;
      ++repeats;
    }
    const size_t needed = std::max<size_t>(3, 1 + (6 + period - 1) / period);
    if (repeats >= needed) return text.size() - (needed - 1) * period;
  }
  return text.size();
}

// The most probable token again and again, by definition.
std::vector<int> Greedily(const AsrModel& model, const std::vector<float>& memory, bool cut_loops) {
  const int limit = Limit(model, int(memory.size()) / model.encoder().dim());
  Network network(model, *SupportedKernels().back(), memory, limit + 1);
  std::vector<int> tokens = {kStart}, text;
  while (true) {
    const std::vector<float> scores = network.Run(tokens, tokens.size() - 1, tokens.size());
    const int best = int(std::max_element(scores.begin(), scores.end()) - scores.begin());
    if (best == kEnd || int(text.size()) == limit) return text;
    tokens.push_back(best);
    text.push_back(best);
    const size_t length = cut_loops ? LoopCut(text) : text.size();
    if (length == text.size()) continue;
    text.resize(length);
    return text;
  }
}

// Mean log probability of a text and its end.
double MeanLogProbability(const AsrModel& model, const std::vector<float>& memory,
                          const std::vector<int>& text) {
  std::vector<int> tokens = {kStart};
  tokens.insert(tokens.end(), text.begin(), text.end());
  Network network(model, Fastest(), memory, int(tokens.size()));
  double sum = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::vector<float> scores = network.Run(tokens, i, i + 1);
    double total = 0;
    for (const float score : scores) total += std::exp(double(score));
    const int next = i + 1 < tokens.size() ? tokens[i + 1] : kEnd;
    sum += double(scores[size_t(next)]) - std::log(total);
  }
  return sum / double(tokens.size());
}

TEST(AttentionSearch, GreedyIsTheDefinitionAndCutsLoops) {
  int single = 0, longer = 0, ended = 0, full = 0;
  for (uint32_t seed = 1; seed <= 24; ++seed) {
    const auto model = Model(seed);
    const std::vector<float> memory = RandomMemory(*model, seed + 100);
    const std::vector<int> kept = Greedily(*model, memory, false);
    EXPECT_EQ(Search(model, 1, true).Final(memory), kept) << seed;
    const std::vector<int> cut = Greedily(*model, memory, true);
    EXPECT_EQ(Search(model, 1, false).Final(memory), cut) << seed;
    const int limit = Limit(*model, kFrames);
    (int(kept.size()) == limit ? full : ended) += 1;
    if (cut.size() < kept.size()) {
      const bool same = kept[cut.size()] == kept[cut.size() - 1];
      (same ? single : longer) += 1;
    }
  }
  // The models were drawn so that every kind of end is among them.
  EXPECT_GT(single, 2);
  EXPECT_GT(longer, 1);
  EXPECT_GT(ended, 2);
  EXPECT_GT(full, 2);
}

// Embeddings that predict themselves: the start token for ever.
TEST(AttentionSearch, ATextThatNeverEndsIsCutToItsFirstTurn) {
  const auto model = Model(1, {}, [](const std::string& name, std::vector<float>& values) {
    if (name.starts_with("decoder.layers")) std::fill(values.begin(), values.end(), 0.0f);
    if (name.starts_with("decoder.norm")) {
      std::fill(values.begin(), values.end(), name.ends_with("weight") ? 1.0f : 0.0f);
    }
  });
  const std::vector<float> memory = RandomMemory(*model, 1);
  EXPECT_EQ(Search(model, 1).Final(memory), std::vector<int>{kStart});
  EXPECT_EQ(Search(model, 3).Final(memory).size(), 1u);  // the one that repeats itself best
  const std::vector<int> all = Search(model, 1, true).Final(memory);
  EXPECT_EQ(all, std::vector<int>(size_t(Limit(*model, kFrames)), kStart));
}

TEST(AttentionSearch, NoMoreTokensThanTheSecondsAllow) {
  const auto model = Model(1, {}, [](const std::string& name, std::vector<float>& values) {
    if (name != "decoder.embedding.weight") return;
    std::fill(values.begin() + kEnd * 32, values.begin() + (kEnd + 1) * 32, 0.0f);
  });
  for (const int frames : {1, 10, 50, kFrames}) {
    const std::vector<float> memory = RandomMemory(*model, 3, frames);
    for (const int beam : {1, 4}) {
      Search search(model, beam, true);
      EXPECT_LE(search.Final(memory).size(), size_t(Limit(*model, frames)));
      EXPECT_LE(Limit(*model, frames), search.search.max_tokens());
    }
  }
}

TEST(AttentionSearch, ABeamIsNotWorseThanGreedy) {
  int better = 0, compared = 0;
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    // An end token that comes soon: searches that run into their limit cannot be compared.
    const auto model = Model(seed, {}, [](const std::string& name, std::vector<float>& values) {
      if (name != "decoder.embedding.weight") return;
      for (int i = 0; i < 32; ++i) values[kEnd * 32 + i] *= 1.6f;
    });
    const std::vector<float> memory = RandomMemory(*model, seed);
    const std::vector<int> greedy = Search(model, 1, true).Final(memory);
    const std::vector<int> beam = Search(model, 4, true).Final(memory);
    const size_t limit = size_t(Limit(*model, kFrames));
    if (greedy.size() == limit || beam.size() == limit) continue;
    ++compared;
    const double gain =
        MeanLogProbability(*model, memory, beam) - MeanLogProbability(*model, memory, greedy);
    EXPECT_GE(gain, -1e-6) << seed;
    better += gain > 1e-4;
  }
  EXPECT_GT(compared, 5);
  EXPECT_GT(better, 3);
}

TEST(AttentionSearch, ABeamMayBeWiderThanTheVocabulary) {
  Config config = StreamingWaveform();
  config.decoder.vocabulary = 4;
  config.decoder.tokens_per_second = 0.1f;
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    const auto model = MakeTiny(config, {}, seed);
    const std::vector<float> memory = RandomMemory(*model, seed, 20);
    const std::vector<int> found = Search(model, kMaxBeam, true).Final(memory);
    for (const int token : found) EXPECT_TRUE(token >= 0 && token < 4 && token != kEnd);
    const std::vector<int> greedy = Search(model, 1, true).Final(memory);
    if (int(greedy.size()) == Limit(*model, 20)) continue;  // it did not come to an end
    EXPECT_GE(MeanLogProbability(*model, memory, found),
              MeanLogProbability(*model, memory, greedy) - 1e-6)
        << seed;
  }
}

TEST(AttentionSearch, StableTokensOnlyGrowAndEndWithWords) {
  int early = 0;
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    const auto model = Model(seed);
    const std::vector<float> memory = RandomMemory(*model, seed + 7);
    for (const int beam : {1, 3}) {
      Search search(model, beam);
      std::vector<int> stable;
      for (int begin = 0; begin < kFrames; begin += 6) {
        search.Extend(memory, begin, begin + 6);
        search.Update(false);
        const std::vector<int> ids = search.Ids();
        ASSERT_LE(search.search.stable(), int(ids.size()));
        ASSERT_GE(search.search.stable(), int(stable.size()));
        ASSERT_TRUE(std::equal(stable.begin(), stable.end(), ids.begin()));
        stable.assign(ids.begin(), ids.begin() + search.search.stable());
        if (stable.size() < ids.size() && !stable.empty()) {
          EXPECT_TRUE(model->tokenizer().BeginsWord(ids[stable.size()]));
        }
      }
      early += int(stable.size());
      search.Update(true);
      const std::vector<int> ids = search.Ids();
      EXPECT_EQ(search.search.stable(), int(ids.size()));
      ASSERT_GE(ids.size(), stable.size());
      EXPECT_TRUE(std::equal(stable.begin(), stable.end(), ids.begin()));
    }
  }
  EXPECT_GT(early, 50);  // tokens were stable before the end
}

TEST(AttentionSearch, TokensAreAsProbableAsTheNetworkSays) {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    const auto model = Model(seed);
    const std::vector<float> memory = RandomMemory(*model, seed + 50);
    for (const int beam : {1, 4}) {
      Search search(model, beam, true);
      std::vector<int> tokens = {kStart};
      for (const int id : search.Final(memory)) tokens.push_back(id);
      Network network(*model, Fastest(), memory, int(tokens.size()));
      for (size_t i = 0; i + 1 < tokens.size(); ++i) {
        const std::vector<float> scores = network.Run(tokens, i, i + 1);
        double total = 0;
        for (const float score : scores) total += std::exp(double(score));
        EXPECT_NEAR(search.search.tokens()[i].log_probability,
                    double(scores[size_t(tokens[i + 1])]) - std::log(total), 1e-4)
            << seed << " " << beam << " " << i;
      }
    }
  }
}

TEST(AttentionSearch, StableTokensKeepTheirProbability) {
  int kept = 0;
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    const auto model = Model(seed);
    const std::vector<float> memory = RandomMemory(*model, seed + 7);
    for (const int beam : {1, 3}) {
      Search search(model, beam);
      std::vector<float> before;
      for (int begin = 0; begin < kFrames; begin += 6) {
        search.Extend(memory, begin, begin + 6);
        search.Update(begin + 6 == kFrames);
        for (size_t i = 0; i < before.size(); ++i, ++kept) {
          ASSERT_EQ(search.search.tokens()[i].log_probability, before[i]);
        }
        before.clear();
        for (const Token& token : search.search.tokens().first(size_t(search.search.stable()))) {
          before.push_back(token.log_probability);
          EXPECT_LE(token.log_probability, 1e-4);
        }
      }
    }
  }
  EXPECT_GT(kept, 50);
}

TEST(AttentionSearch, ResetForgetsEverything) {
  const auto model = Model(6);
  const std::vector<float> memory = RandomMemory(*model, 1), other = RandomMemory(*model, 2);
  for (const int beam : {1, 4}) {
    Search used(model, beam), fresh(model, beam);
    used.Final(other);
    EXPECT_EQ(used.Final(memory), fresh.Final(memory));
    used.search.Reset();
    used.Update(true);  // nothing was heard
    EXPECT_TRUE(used.Ids().empty());
  }
}

TEST(AttentionSearch, TruncateHearsOnlyTheFirstFrames) {
  const auto model = Model(6);
  const std::vector<float> memory = RandomMemory(*model, 1);
  const size_t half = memory.size() / 2;
  Search whole(model, 1), cut(model, 1);
  cut.Extend(memory, 0, kFrames);
  cut.search.Truncate(kFrames / 2);
  cut.Update(true);
  EXPECT_EQ(cut.Ids(), whole.Final({memory.begin(), memory.begin() + long(half)}));
}

TEST(AttentionSearch, TimesFollowTheMemory) {
  const auto model = Model(3);
  Search search(model, 1);
  search.Final(RandomMemory(*model, 4));
  ASSERT_TRUE(search.search.timed());
  float before = 0;
  for (const Token& token : search.search.tokens()) {
    EXPECT_GE(token.begin, 0);
    EXPECT_GE(token.end, token.begin);
    EXPECT_LE(token.end, kFrames * kFrameSeconds + 0.1);
    before = std::max(before, token.begin);
  }
  EXPECT_GT(before, 0.5);
  Config config = StreamingWaveform();
  config.decoder.alignment_heads = {};
  const auto untimed = MakeTiny(config);
  EXPECT_FALSE(Search(untimed, 1).search.timed());
}

TEST(AttentionSearch, BearsAMemoryOutOfRange) {
  const auto model = Model(3);
  for (const float value : {NAN, INFINITY, 3e38f}) {
    std::vector<float> memory = RandomMemory(*model, 1);
    memory[memory.size() / 2] = value;
    for (const int beam : {1, 4, kMaxBeam}) {
      for (const int id : Search(model, beam).Final(memory)) {
        EXPECT_TRUE(id >= 0 && id < model->decoder().config().vocabulary);
      }
    }
  }
}

}  // namespace
}  // namespace parrotlet
