// Frames at a chunk's end that are encoded again beside the next chunk.
#include <gtest/gtest.h>

#include "nn/encoder_run.h"
#include "nn/layer_weights.h"
#include "nn/test_audio.h"

namespace parrotlet {
namespace {

constexpr int kPiece = 100;  // samples of a step: less than a frame

std::vector<Config> ChunkConfigs() { return {StreamingWaveform(), LookAheadConformer()}; }

// Feeds the audio in small steps and calls visit(run) after each.
template <typename Visit>
void InSteps(EncoderRun& run, const Audio& audio, Visit&& visit) {
  for (size_t at = 0; at + kPiece <= audio.size(); at += kPiece) {
    run.Step(audio.data() + at, kPiece);
    visit();
  }
}

void ExpectPrefix(const std::vector<float>& prefix, const std::vector<float>& all,
                  const char* what) {
  ASSERT_LE(prefix.size(), all.size()) << what;
  ExpectSameBits(prefix, {all.begin(), all.begin() + long(prefix.size())}, what);
}

TEST(LookAhead, OfTheWholeSegmentIsTheWholeSegment) {
  const Audio audio = Babble(1.3, 3);
  for (const Config& tiny : ChunkConfigs()) {
    for (const WeightFormat format : kTinyFormats) {
      const auto model = MakeTiny(tiny, format);
      EncoderRun whole(model, Fastest(), -1), ahead(model, Fastest(), 2, kMaxLookahead);
      const std::string what = tiny.name + ", " + FormatText(format);
      ExpectSameBits(ahead.Whole(audio, 0, 5), whole.Whole(audio, audio.size()), what.c_str());
    }
  }
}

TEST(LookAhead, SettledFramesStayAndProvisionalOnesAreAllThatChanges) {
  const Audio audio = Babble(1.2, 4);
  for (const Config& tiny : ChunkConfigs()) {
    const auto model = MakeTiny(tiny, {8, 0});
    const size_t dim = model->encoder().dim();
    for (const int lookahead : {1, 3, 4, 11}) {
      EncoderRun run(model, Fastest(), 4, lookahead);
      const std::vector<float> end = run.Whole(audio, kPiece);
      run.Reset();
      int chunks = 0, changed = 0, frames = 0;
      InSteps(run, audio, [&] {
        if (run.frames() == frames) return;
        ++chunks;
        frames = run.frames();
        EXPECT_EQ(frames, 4 * chunks);
        EXPECT_EQ(run.settled(), std::max(0, frames - lookahead)) << tiny.name;
        std::vector<float> memory = run.memory();
        changed += !std::equal(memory.begin(), memory.end(), end.begin());
        memory.resize(size_t(run.settled()) * dim);
        ExpectPrefix(memory, end, tiny.name.c_str());
      });
      EXPECT_GT(chunks, 5);
      EXPECT_GT(changed, chunks / 2) << tiny.name << ": nothing was heard again";
    }
  }
}

// What comes first is what comes without look-ahead, as long as no frame has been heard again.
TEST(LookAhead, DelaysNothing) {
  const Audio audio = Babble(0.9, 5);
  for (const Config& tiny : ChunkConfigs()) {
    const auto model = MakeTiny(tiny);
    EncoderRun plain(model, Fastest(), 4, -1), ahead(model, Fastest(), 4, 3);
    EXPECT_EQ(plain.plan().lookahead_frames, 0);
    EXPECT_EQ(plain.plan().delay_seconds, ahead.plan().delay_seconds);
    for (size_t at = 0; at + kPiece <= audio.size(); at += kPiece) {
      plain.Step(audio.data() + at, kPiece);
      ahead.Step(audio.data() + at, kPiece);
      ASSERT_EQ(plain.frames(), ahead.frames()) << tiny.name << " after " << at;
      if (plain.frames() == 4) ExpectSameBits(ahead.memory(), plain.memory(), tiny.name.c_str());
    }
    EXPECT_GT(plain.frames(), 8);
    EXPECT_NE(ahead.memory(), plain.memory()) << tiny.name;
  }
}

// Every settled frame but those at the end has heard at least the look-ahead: a change there
// reaches it.
TEST(LookAhead, ReachesEverySettledFrame) {
  const Audio audio = Babble(1.2, 6);
  constexpr int kLookahead = 3;
  for (const Config& tiny : ChunkConfigs()) {
    const auto model = MakeTiny(tiny);
    const Encoder& encoder = model->encoder();
    EncoderRun plain(model, Fastest(), 4, -1), ahead(model, Fastest(), 4, kLookahead);
    const auto reached = [&](EncoderRun& run, int frame) {
      const std::vector<float> before = run.Whole(audio, audio.size());
      Audio other = audio;
      const size_t change = size_t(frame + kLookahead) * encoder.frame_samples();
      for (size_t i = change; i < other.size(); ++i) other[i] = 0.3f - other[i];
      const std::vector<float> after = run.Whole(other, other.size());
      const long at = long(frame) * encoder.dim();
      return !std::equal(before.begin() + at, before.begin() + at + encoder.dim(),
                         after.begin() + at);
    };
    int plainly = 0;
    for (int frame = 4; frame < 12; ++frame) {
      EXPECT_TRUE(reached(ahead, frame)) << tiny.name << ", frame " << frame;
      plainly += reached(plain, frame);
    }
    EXPECT_LT(plainly, 8) << tiny.name;
  }
}

TEST(LookAhead, IsTheModelsUnlessASessionAsks) {
  const auto model = MakeTiny(LookAheadConformer());
  const auto frames = [&](int chunk, int lookahead) {
    const Result<EncoderPlan> plan = model->encoder().Plan(chunk, lookahead, 3);
    EXPECT_TRUE(plan.ok()) << plan.status().message;
    return plan.value().lookahead_frames;
  };
  EXPECT_EQ(frames(0, 0), 3);
  EXPECT_EQ(frames(2, 0), 3);
  EXPECT_EQ(frames(0, -1), 0);
  EXPECT_EQ(frames(0, 5), 5);
  EXPECT_EQ(frames(0, kMaxLookahead), kMaxLookahead);
  EXPECT_EQ(frames(-1, 0), 0);  // a whole segment has nothing to look ahead to
}

TEST(LookAhead, IsRefusedWhereThereIsNone) {
  const auto refused = [](const Config& config, int chunk, int lookahead, const char* text) {
    const Result<EncoderPlan> plan = MakeTiny(config)->encoder().Plan(chunk, lookahead, 3);
    EXPECT_EQ(plan.status().code, Code::kInvalidArgument) << config.name << " " << lookahead;
    EXPECT_NE(std::string(plan.status().message).find(text), std::string::npos)
        << plan.status().message;
  };
  refused(StreamingWaveform(), -1, 1, "a whole segment is a single one");
  refused(StreamingWaveform(), 0, -2, "0 to ");
  refused(StreamingWaveform(), 0, kMaxLookahead + 1, "0 to ");
  refused(OfflineWaveform(), 0, 1, "no chunks");
  refused(StackedConformer(), 0, 1, "no chunks");
  refused(ChunkedConformer(), 0, 1, "relative positions");
}

}  // namespace
}  // namespace parrotlet
