#include "nn/encoder.h"

#include <gtest/gtest.h>

#include "nn/encoder_run.h"
#include "nn/layer_weights.h"
#include "nn/test_audio.h"

namespace parrotlet {
namespace {

// Frames [begin, end) of a memory.
std::vector<float> Frames(const std::vector<float>& memory, int dim, int begin, int end) {
  return {memory.begin() + long(begin) * dim, memory.begin() + long(end) * dim};
}

TEST(Encoder, TinyDocumentsReadBack) {
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny);
    const Config& config = model->config();
    EXPECT_EQ(config.encoder.layers.size(), tiny.encoder.layers.size()) << tiny.name;
    EXPECT_EQ(config.encoder.span, tiny.encoder.span) << tiny.name;
    EXPECT_EQ(config.encoder.positions, tiny.encoder.positions) << tiny.name;
    EXPECT_EQ(config.output, tiny.output) << tiny.name;
  }
}

TEST(Encoder, AnyCutOnAnyTargetGivesTheSameBits) {
  const Audio audio = Babble(0.9);
  for (const Config& tiny : TinyConfigs()) {
    for (const WeightFormat format : kTinyFormats) {
      const auto model = MakeTiny(tiny, format);
      const std::string name = tiny.name + ", " + FormatText(format);
      std::vector<float> whole;
      for (const Kernels* kernels : SupportedKernels()) {
        EncoderRun run(model, *kernels);
        const std::string what = name + ", " + kernels->target;
        if (whole.empty()) whole = run.Whole(audio, audio.size());
        ASSERT_GT(run.frames(), kernels == SupportedKernels().front() ? 6 : -1) << what;
        ExpectSameBits(run.Whole(audio, 0, 7), whole, (what + ", random cuts").c_str());
      }
      EncoderRun run(model, Fastest());
      ExpectSameBits(run.Whole(audio, 1), whole, (name + ", single samples").c_str());
    }
  }
}

TEST(Encoder, MemoryDependsOnTheAudio) {
  for (const Config& tiny : TinyConfigs()) {
    EncoderRun run(MakeTiny(tiny), Fastest());
    const std::vector<float> one = run.Whole(Babble(0.6, 1), 4000);
    const std::vector<float> other = run.Whole(Babble(0.6, 2), 4000);
    double difference = 0;
    for (size_t i = 0; i < one.size(); ++i) difference += std::abs(one[i] - other[i]);
    EXPECT_GT(difference / double(one.size()), 0.01) << tiny.name;
    for (const float x : one) ASSERT_TRUE(std::isfinite(x)) << tiny.name;
  }
}

TEST(Encoder, ResetEqualsFresh) {
  const Audio audio = Babble(0.5, 3), before = Babble(1.1, 4);
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny, {8, 0});
    const std::vector<float> fresh = EncoderRun(model, Fastest()).Whole(audio, 1000);
    EncoderRun used(model, Fastest());
    used.Whole(before, 700);
    ExpectSameBits(used.Whole(audio, 1000), fresh, tiny.name.c_str());
    used.Reset();
    used.Step(before.data(), before.size());  // and in the middle of a segment
    ExpectSameBits(used.Whole(audio, 1000), fresh, tiny.name.c_str());
  }
}

TEST(Encoder, FitsTheLongestSegment) {
  for (const Config& tiny : TinyConfigs()) {
    Config config = tiny;
    config.max_segment_seconds = 2.03f;
    const auto model = MakeTiny(config);
    EncoderRun run(model, Fastest());
    Audio audio = Babble(2.03);
    audio.resize(size_t(run.plan().max_samples));
    run.Whole(audio, audio.size());
    EXPECT_LE(run.frames(), run.plan().max_frames) << tiny.name;
    EXPECT_GE(run.frames(), run.plan().max_frames - 4) << tiny.name;
  }
}

// A frame's output may depend on audio up to the delay after its own, and once more that of the
// look-ahead, and on none later.
TEST(Encoder, LaterAudioChangesNothingEarlier) {
  const Audio audio = Babble(1.4, 5);
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny);
    const Encoder& encoder = model->encoder();
    EncoderRun run(model, Fastest());
    if (run.plan().delay_seconds >= tiny.max_segment_seconds) continue;  // hears all first
    const std::vector<float> whole = run.Whole(audio, audio.size());
    for (const size_t change : {SamplesIn(0.41), SamplesIn(0.9)}) {
      Audio other = audio;
      for (size_t i = change; i < other.size(); ++i) other[i] = 0.3f - other[i];
      const std::vector<float> changed = run.Whole(other, other.size());
      // Frame f stands for the samples from f * frame_samples on; a frame is out once the audio to
      // its end and the delay have been heard.
      const double out = double(change) - run.plan().delay_seconds * kTestRate;
      const int safe = int(out / encoder.frame_samples()) - run.plan().lookahead_frames;
      ASSERT_GT(safe, 0) << tiny.name;
      ExpectSameBits(Frames(changed, encoder.dim(), 0, safe), Frames(whole, encoder.dim(), 0, safe),
                     tiny.name.c_str());
      EXPECT_NE(changed, whole) << tiny.name;
    }
  }
}

// After `n` samples all frames are out that lie further back than the delay: the promise behind
// algorithmicDelayMs.
TEST(Encoder, FramesComeWithinTheDelay) {
  const Audio audio = Babble(1.5, 6);
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny);
    EncoderRun run(model, Fastest());
    if (run.plan().delay_seconds >= tiny.max_segment_seconds) continue;
    const double delay = run.plan().delay_seconds * kTestRate;
    const int period = model->encoder().frame_samples();
    int worst = 0;
    for (size_t n = 0; n < audio.size(); n += 40) {
      // Frame f is due once its own first hop and the delay have been heard.
      const int due = int(std::floor((double(n) - delay) / period));
      ASSERT_GE(run.frames(), due) << tiny.name << " after " << n << " samples";
      if (due >= 0) worst = std::max(worst, run.frames() - due);
      run.Step(audio.data() + n, std::min<size_t>(40, audio.size() - n));
    }
    // And the delay is not overstated by more than a chunk.
    EXPECT_LE(worst, std::max(1, run.plan().chunk_frames) + 2) << tiny.name;
  }
}

// A session ends its steps there, so that what a chunk brings comes with its last sample.
TEST(Encoder, ChunksAreFullWhereItSays) {
  const Audio audio = Babble(1.5, 7);
  int chunks = 0;
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny);
    EncoderRun run(model, Fastest());
    const EncoderPlan& plan = run.plan();
    if (plan.chunk_frames == 0 || plan.whole_segment) continue;
    if (plan.delay_seconds >= tiny.max_segment_seconds) continue;
    for (int64_t fed = 0, end; (end = run.chunk_end()) <= int64_t(audio.size()); fed = end) {
      ASSERT_GT(end, fed) << tiny.name;
      const int before = run.frames();
      run.Step(audio.data() + fed, size_t(end - fed - 1));
      ASSERT_EQ(run.frames(), before) << tiny.name << " before sample " << end;
      run.Step(audio.data() + end - 1, 1);
      ASSERT_GT(run.frames(), before) << tiny.name << " at sample " << end;
      ++chunks;
    }
  }
  EXPECT_GT(chunks, 0);
}

TEST(Encoder, LookAheadThatCoversEverythingIsFullAttention) {
  const Audio audio = Babble(3.9, 7);  // nearly the longest segment
  for (const Positions positions : {Positions::kNone, Positions::kRotary, Positions::kSinusoidal}) {
    Config full = FullConformer();
    full.encoder.positions = positions;
    full.encoder.rotary_dims = 6;
    full.encoder.half_step_feed_forward = true;
    Config frames = full;
    UseFrames(frames, 400);
    for (EncoderLayerConfig& layer : frames.encoder.layers) {
      if (layer.kind == EncoderLayerConfig::Kind::kBlock) layer.lookahead = 400;
    }
    for (const WeightFormat format : {WeightFormat{32, 0}, WeightFormat{4, 16}}) {
      EncoderRun whole(MakeTiny(full, format), Fastest());
      EncoderRun streamed(MakeTiny(frames, format), Fastest());
      ExpectSameBits(streamed.Whole(audio, 0, 3), whole.Whole(audio, 999), "frames");
    }
  }
}

TEST(Encoder, OneChunkThatCoversEverythingIsFullAttention) {
  const Audio audio = Babble(0.8, 8);
  Config full = StreamingWaveform();
  full.encoder.span = AttentionSpan::kFull;
  Config chunk = full;
  UseChunks(chunk, 300);
  EncoderRun whole(MakeTiny(full), Fastest());
  EncoderRun chunked(MakeTiny(chunk), Fastest(), -1);
  ExpectSameBits(chunked.Whole(audio, 0, 3), whole.Whole(audio, 999), "chunk -1");
}

TEST(Encoder, ChunksAreGatheredFromTheStartOfTheSegment) {
  const auto model = MakeTiny(StreamingWaveform());
  const Audio audio = Babble(0.7, 9);
  for (const int chunk : {0, 2, 4, 9}) {
    EncoderRun run(model, Fastest(), chunk);
    const int expected = chunk == 0 ? 4 : chunk;
    EXPECT_EQ(run.plan().chunk_frames, expected);
    int before = 0;
    for (size_t n = 0; n + 100 <= audio.size(); n += 100) {
      run.Step(audio.data() + n, 100);
      EXPECT_EQ(run.frames() % expected, 0);
      before = run.frames();
    }
    run.Flush();
    EXPECT_LT(run.frames() - before, expected);  // the part of a chunk that was left
    const int frames = int((audio.size() / 100 * 100 - 60 - 160 - 320) / 320) + 1;
    EXPECT_NEAR(run.frames(), frames, 1);
  }
}

TEST(Encoder, RefusesChunksItWasNotMadeFor) {
  const auto refused = [](const Config& config, int chunk, const char* text) {
    const Result<EncoderPlan> plan = MakeTiny(config)->encoder().Plan(chunk, 0, 3);
    EXPECT_EQ(plan.status().code, Code::kInvalidArgument) << config.name << " " << chunk;
    EXPECT_NE(std::string(plan.status().message).find(text), std::string::npos)
        << plan.status().message;
  };
  refused(StreamingWaveform(), 3, "not made for chunks of 3 frames");
  refused(StreamingWaveform(), -2, "-1 for the whole segment");
  refused(OfflineWaveform(), 4, "whole segments");
  refused(OfflineWaveform(), -7, "-1 for the whole segment");
  refused(StackedConformer(), 4, "frame by frame");
  refused(StackedConformer(), -1, "frame by frame");
  refused(ChunkedConformer(), -1, "relative positions");
}

}  // namespace
}  // namespace parrotlet
