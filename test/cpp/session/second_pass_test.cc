// A second pass over segments that ended: live partials, and finals as of whole segments.
#include <gtest/gtest.h>

#include "nn/encoder_run.h"
#include "nn/layer_weights.h"
#include "session/session_run.h"

namespace parrotlet {
namespace {

AsrOptions SecondPass() {
  AsrOptions options;
  options.second_pass = true;
  return options;
}

bool Hears(const AsrModel& model, int chunk) {
  return model.encoder().Plan(chunk, 0, model.config().max_segment_seconds).ok();
}

// Those whose sessions may have one.
std::vector<Config> TwoPassConfigs() {
  std::vector<Config> found;
  for (const Config& tiny : TinyConfigs()) {
    if (tiny.encoder.span == AttentionSpan::kChunk && Hears(*MakeTiny(tiny), -1)) {
      found.push_back(tiny);
    }
  }
  return found;
}

TEST(SecondPass, FinalsAreThoseOfWholeSegments) {
  ASSERT_FALSE(TwoPassConfigs().empty());
  const Audio audio = TwoSegments();
  for (const Config& tiny : TwoPassConfigs()) {
    const auto model = MakeTiny(tiny, {4, 0}, 2);
    AsrOptions whole;
    whole.chunk_frames = -1;
    SessionRun two(model, SecondPass()), live(model), segments(model, whole);
    two.All(audio);
    live.All(audio);
    segments.All(audio);

    const std::vector<Said> finals = two.Finals(), expected = segments.Finals();
    ASSERT_EQ(finals.size(), 2u) << tiny.name;
    ASSERT_EQ(expected.size(), 2u) << tiny.name;
    bool corrected = false;
    for (size_t i = 0; i < finals.size(); ++i) {
      EXPECT_EQ(finals[i].text, expected[i].text) << tiny.name;
      EXPECT_EQ(finals[i].begin, expected[i].begin);
      EXPECT_EQ(finals[i].end, expected[i].end);
      EXPECT_EQ(finals[i].stable_bytes, int(finals[i].text.size()));
      corrected |= finals[i].text != live.Finals()[i].text;
    }
    EXPECT_TRUE(corrected) << tiny.name << ": both passes say the same, which shows nothing";
    ASSERT_EQ(two.said.size(), live.said.size()) << tiny.name;
    for (size_t i = 0; i < two.said.size(); ++i) {
      if (two.said[i].final) continue;
      EXPECT_EQ(Describe(two.said[i]), Describe(live.said[i])) << tiny.name;
    }
  }
}

TEST(SecondPass, MemoryIsThatOfTheWholeSegment) {
  const Audio audio = Babble(1.3, 7);
  for (const Config& tiny : TwoPassConfigs()) {
    const auto model = MakeTiny(tiny, {8, 16});
    AsrOptions options = SecondPass();
    options.pauses = false;
    SessionRun run(model, options);
    run.All(audio, 3);
    const std::span<const float> memory = run.session->memory();
    EncoderRun encoder(model, model->kernels(), -1);
    ExpectSameBits({memory.begin(), memory.end()}, encoder.Whole(audio, 0), tiny.name.c_str());
  }
}

TEST(SecondPass, AnyCutGivesTheSameEvents) {
  for (const Config& tiny : TwoPassConfigs()) ExpectAnyCutGivesTheSame(tiny, SecondPass());
}

TEST(SecondPass, IsRefusedWhereThereAreNoChunksOrNoWholeSegments) {
  int refused = 0;
  const auto check = [&](const std::shared_ptr<const AsrModel>& model, const AsrOptions& options) {
    const Status status = AsrSession::Open(model, options).status();
    EXPECT_EQ(status.code, Code::kInvalidArgument) << model->config().name;
    ++refused;
  };
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny);
    AsrOptions options = SecondPass();
    if (tiny.encoder.span != AttentionSpan::kChunk || !Hears(*model, -1)) check(model, options);
    options.chunk_frames = -1;
    if (Hears(*model, -1)) check(model, options);
  }
  EXPECT_GE(refused, 4);
}

}  // namespace
}  // namespace parrotlet
