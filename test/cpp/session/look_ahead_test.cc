// Sessions whose chunks' last frames are heard again beside the next chunk.
#include <gtest/gtest.h>

#include "nn/layer_weights.h"
#include "session/session_run.h"

namespace parrotlet {
namespace {

AsrOptions Ahead(int frames) {
  AsrOptions options;
  options.lookahead_frames = frames;
  return options;
}

TEST(LookAheadSession, TextsComeAsSoonAndAreOthers) {
  const auto model = MakeTiny(StreamingWaveform(), {4, 0});
  SessionRun plain(model), ahead(model, Ahead(6));
  plain.All(TwoSegments());
  ahead.All(TwoSegments());
  ASSERT_EQ(ahead.Finals().size(), 2u);
  ASSERT_FALSE(plain.said.empty());
  EXPECT_EQ(ahead.said[0].audio_seconds, plain.said[0].audio_seconds);
  EXPECT_NE(Describe(ahead.said), Describe(plain.said));
}

TEST(LookAheadSession, MemoryIsThatOfTheWholeSegmentWhenItReachesThatFar) {
  const Audio audio = Babble(1.3, 7);
  for (const Config& tiny : {StreamingWaveform(), LookAheadConformer()}) {
    const auto model = MakeTiny(tiny, {8, 16});
    AsrOptions ahead = Ahead(kMaxLookahead), whole;
    ahead.pauses = whole.pauses = false;
    whole.chunk_frames = -1;
    SessionRun chunks(model, ahead), segment(model, whole);
    chunks.All(audio, 3);
    segment.All(audio);
    const std::span<const float> one = chunks.session->memory(), other = segment.session->memory();
    ExpectSameBits({one.begin(), one.end()}, {other.begin(), other.end()}, tiny.name.c_str());
  }
}

TEST(LookAheadSession, AnyCutGivesTheSameEvents) {
  for (const Config& tiny : {StreamingWaveform(), LookAheadConformer()}) {
    for (const bool second_pass : {false, true}) {
      AsrOptions options = Ahead(5);
      options.second_pass = second_pass;
      ExpectAnyCutGivesTheSame(tiny, options);
    }
  }
}

TEST(LookAheadSession, SecondPassHearsTheWholeSegmentAllTheSame) {
  const auto model = MakeTiny(StreamingWaveform(), {4, 0});
  AsrOptions two = Ahead(3), whole;
  two.second_pass = true;
  whole.chunk_frames = -1;
  SessionRun twice(model, two), segments(model, whole);
  twice.All(TwoSegments());
  segments.All(TwoSegments());
  ASSERT_EQ(twice.Finals().size(), 2u);
  ASSERT_EQ(segments.Finals().size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(twice.Finals()[i].text, segments.Finals()[i].text);
}

TEST(LookAheadSession, IsRefusedWithCtc) {
  Config config = StreamingWaveform();
  config.output = OutputStage::kCtc;
  const Status status = AsrSession::Open(MakeTiny(config), Ahead(2)).status();
  EXPECT_EQ(status.code, Code::kInvalidArgument);
  EXPECT_NE(std::string(status.message).find("CTC"), std::string::npos) << status.message;
}

}  // namespace
}  // namespace parrotlet
