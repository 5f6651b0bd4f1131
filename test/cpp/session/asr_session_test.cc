#include "session/asr_session.h"

#include <gtest/gtest.h>

#include "nn/encoder_run.h"
#include "nn/layer_weights.h"
#include "session/session_run.h"

namespace parrotlet {
namespace {

// Two sentences with a pause, then speech that is longer than a segment may be.
Audio Talk() {
  return Join(
      {Silence(0.4), Babble(0.9, 1), Silence(0.8), Babble(1.1, 2), Silence(0.7), Babble(3.1, 3)});
}

struct Kind {
  const char* name;
  AsrOptions options;
};

std::vector<Kind> Kinds(const Config& config) {
  std::vector<Kind> kinds = {{"default", {}}};
  AsrOptions options;
  options.max_segment_seconds = 2;
  kinds.push_back({"short segments", options});
  options.beam = 3;
  if (config.output == OutputStage::kAttentionDecoder) kinds.push_back({"beam", options});
  options = {};
  options.pauses = options.words = false;
  options.max_segment_seconds = 2.5;
  kinds.push_back({"no pauses, no times", options});
  options = {};
  options.partials = false;
  options.keep_loops = true;
  kinds.push_back({"finals only", options});
  return kinds;
}

TEST(AsrSession, AnyCutGivesTheSameEvents) {
  const Audio audio = Talk();
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny, {4, 0});
    for (const Kind& kind : Kinds(tiny)) {
      const std::string what = tiny.name + ", " + kind.name;
      SessionRun run(model, kind.options);
      const std::vector<Said> whole = run.All(audio);
      CheckEvents(whole, what);
      EXPECT_GE(run.Finals().size(), 2u) << what;
      const std::vector<std::string> starts = Describe(run.starts);
      EXPECT_EQ(Describe(run.All(audio, 5)), Describe(whole)) << what;
      EXPECT_EQ(Describe(run.starts), starts) << what;
      EXPECT_EQ(Describe(SessionRun(model, kind.options).All(audio, 6)), Describe(whole)) << what;
    }
  }
}

TEST(AsrSession, SingleSamplesGiveTheSameEvents) {
  const Audio audio = Join({Babble(0.7, 4), Silence(0.7), Babble(0.4, 5)});
  for (const Config& tiny : {StreamingWaveform(), StackedConformer()}) {
    SessionRun whole(MakeTiny(tiny)), single(MakeTiny(tiny));
    for (const float& sample : audio) single.Write(&sample, 1);
    single.Finish();
    EXPECT_EQ(Describe(single.said), Describe(whole.All(audio))) << tiny.name;
  }
}

TEST(AsrSession, PartialsComeWhileOneSpeaks) {
  const Audio audio = Babble(3, 6);
  for (const Config& tiny : {StreamingWaveform(), StackedConformer(), ChunkedConformer()}) {
    SessionRun run(MakeTiny(tiny));
    run.Write(audio.data(), audio.size());
    EXPECT_GE(run.said.size(), 3u) << tiny.name;
    for (const Said& said : run.said) EXPECT_FALSE(said.final);
  }
  AsrOptions options;
  options.partials = false;
  SessionRun run(MakeTiny(StackedConformer()), options);
  run.Write(audio.data(), audio.size());
  EXPECT_TRUE(run.said.empty());
  run.Finish();
  EXPECT_EQ(run.said.size(), 1u);
}

TEST(AsrSession, SearchesWholeSegmentsWithMoreHypotheses) {
  const Audio audio = Talk();
  const auto model = MakeTiny(StreamingWaveform(), {4, 0});
  const auto finals = [&](AsrOptions options, int beam) {
    options.beam = beam;
    SessionRun run(model, options);
    run.All(audio);
    return Describe(run.Finals());
  };
  AsrOptions live, no_partials, whole, two;
  no_partials.partials = false;
  whole.chunk_frames = -1;
  two.second_pass = true;
  EXPECT_EQ(finals(live, 0), finals(live, 1));
  for (const AsrOptions& options : {no_partials, whole}) {
    EXPECT_EQ(finals(options, 0), finals(options, 4));
    EXPECT_NE(finals(options, 0), finals(options, 1)) << "four hypotheses find the same as one";
  }
  // The last search alone: partial texts stay greedy.
  EXPECT_NE(finals(two, 0), finals(two, 1));
  two.beam = 1;
  SessionRun greedy(model, two);
  two.beam = 0;
  SessionRun beam(model, two);
  greedy.All(audio);
  beam.All(audio);
  for (size_t i = 0; i < greedy.said.size() && !greedy.said[i].final; ++i) {
    EXPECT_EQ(Describe(beam.said[i]), Describe(greedy.said[i]));
  }
}

TEST(AsrSession, MemoryIsTheEncodersOutput) {
  const Audio audio = Babble(1.3, 7);
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny, {8, 16});
    AsrOptions options;
    options.pauses = false;
    SessionRun run(model, options);
    run.All(audio, 3);
    const std::span<const float> memory = run.session->memory();
    EncoderRun encoder(model, model->kernels());
    ExpectSameBits({memory.begin(), memory.end()}, encoder.Whole(audio, 0), tiny.name.c_str());
  }
}

TEST(AsrSession, MemoryOfAllChunkChoices) {
  const Audio audio = Babble(1.1, 7);
  const auto model = MakeTiny(StreamingWaveform());
  for (const int chunk : {0, 2, 4, 9, -1}) {
    AsrOptions options;
    options.pauses = false;
    options.chunk_frames = chunk;
    SessionRun run(model, options);
    run.All(audio, 3);
    const std::span<const float> memory = run.session->memory();
    EncoderRun encoder(model, model->kernels(), chunk);
    ExpectSameBits({memory.begin(), memory.end()}, encoder.Whole(audio, 0), "chunk");
  }
}

TEST(AsrSession, PausesPartSegmentsThatCoverAllSpeech) {
  const Audio audio = Join({Silence(0.6), Babble(1.2, 1), Silence(1.3), Babble(0.8, 2),
                            Silence(0.9), Babble(1, 3), Silence(1.5)});
  const double speech[][2] = {{0.6, 1.8}, {3.1, 3.9}, {4.8, 5.8}};
  for (const Config& tiny : {StackedConformer(), ChunkedConformer()}) {
    SessionRun run(MakeTiny(tiny));
    run.All(audio);
    const std::vector<Said> finals = run.Finals();
    ASSERT_EQ(finals.size(), 3u) << tiny.name;
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_LE(finals[i].begin, speech[i][0]) << i;
      EXPECT_GE(finals[i].end, speech[i][1]) << i;
      EXPECT_GE(finals[i].begin, speech[i][0] - 0.4) << i;
      EXPECT_LE(finals[i].end, speech[i][1] + 0.95) << i;  // the pause and the detector's delay
    }
  }
}

TEST(AsrSession, ALongerPauseIsNeededWhenAsked) {
  const Audio audio = Join({Babble(1, 1), Silence(1), Babble(1, 2)});
  const auto model = MakeTiny(StackedConformer());
  AsrOptions options;
  options.max_segment_seconds = 4;
  for (const double pause : {0.3, 0.7, 1.6}) {
    options.pause_seconds = pause;
    SessionRun run(model, options);
    run.All(audio);
    EXPECT_EQ(run.Finals().size(), pause < 1 ? 2u : 1u) << pause;
  }
  options.pauses = false;
  SessionRun run(model, options);
  run.All(audio);
  EXPECT_EQ(run.Finals().size(), 1u);
  EXPECT_EQ(run.Finals()[0].begin, 0);
  EXPECT_NEAR(run.Finals()[0].end, 3, 1e-9);
}

TEST(AsrSession, LongSpeechIsCutInItsGapsAndAllIsHeard) {
  // Closures of 50 ms at the end of every quarter second.
  const Audio audio = Join({Silence(0.5), Babble(11, 8)});
  for (const Config& tiny : {StackedConformer(), StreamingWaveform(), FullConformer()}) {
    for (const bool pauses : {true, false}) {
      AsrOptions options;
      options.pauses = pauses;
      options.max_segment_seconds = 3;
      SessionRun run(MakeTiny(tiny), options);
      CheckEvents(run.All(audio), tiny.name);
      const std::vector<Said> finals = run.Finals();
      ASSERT_GE(finals.size(), 4u) << tiny.name;
      EXPECT_LE(finals.front().begin, 0.5);
      EXPECT_NEAR(finals.back().end, 11.5, 1e-9);
      for (size_t i = 0; i + 1 < finals.size(); ++i) {
        EXPECT_EQ(finals[i + 1].begin, finals[i].end) << tiny.name << i;
        EXPECT_LE(finals[i].end - finals[i].begin, 3);
        EXPECT_GE(finals[i].end - finals[i].begin, 1.4);
        if (tiny.output != OutputStage::kCtc) continue;  // stable words may leave no gap to cut in
        EXPECT_NEAR(std::fmod(finals[i].end, 0.25), 0.225, 0.04) << tiny.name << i;
      }
    }
  }
}

// A word that was called stable must lie before the cut, or it would be heard again.
TEST(AsrSession, StableWordsAreNotHeardAgain) {
  const Audio audio = Babble(12, 9);
  Config untimed = StreamingWaveform();
  untimed.name = "untimed";
  untimed.decoder.alignment_heads = {};
  int stable_words = 0;
  for (const Config& tiny :
       {StreamingWaveform(), SinusoidalConformer(), StackedConformer(), untimed}) {
    for (const bool words : {true, false}) {
      AsrOptions options;
      options.words = words;
      options.max_segment_seconds = 3;
      const auto model = MakeTiny(tiny, {}, 3);
      const bool timed =
          tiny.output == OutputStage::kCtc || (words && !tiny.decoder.alignment_heads.empty());
      SessionRun run(model, options);
      run.All(audio);
      double stable_end = 0;  // by when the last stable word had been said
      const Said* before = nullptr;
      for (const Said& said : run.said) {
        if (before != nullptr && before->final) {
          EXPECT_LE(stable_end, said.begin + 1e-9) << tiny.name << Describe(said);
        }
        if (said.final) {
          before = &said;
          continue;
        }
        const bool fresh = before == nullptr || before->final;
        const int known = fresh ? 0 : before->stable_bytes;
        if (fresh) stable_end = 0;
        for (const Word& word : said.words) {
          if (!word.stable) continue;
          ++stable_words;
          if (timed) {
            stable_end = std::max(stable_end, word.end);
          } else if (said.stable_bytes > known) {
            stable_end = said.end;
          }
        }
        before = &said;
      }
    }
  }
  EXPECT_GT(stable_words, 50);
}

TEST(AsrSession, ChannelsAreAveraged) {
  const Audio mono = Talk();
  const auto model = MakeTiny(StackedConformer());
  const std::vector<std::string> expected = Describe(SessionRun(model).All(mono));
  for (const int channels : {2, 4, 8}) {
    AsrOptions options;
    options.channels = channels;
    Audio interleaved;
    for (const float sample : mono) {
      for (int c = 0; c < channels; c += 2) {
        interleaved.push_back(sample + 0.25f * float(c));  // offsets that cancel
        interleaved.push_back(sample - 0.25f * float(c));
      }
    }
    // Sums of four and eight round.
    const std::vector<Said> said = SessionRun(model, options).All(interleaved, 3);
    if (channels == 2) {
      EXPECT_EQ(Describe(said), expected);
    }
    EXPECT_NEAR(double(said.size()), double(expected.size()), 4) << channels;
  }
}

TEST(AsrSession, TimesAreSecondsAtEveryRate) {
  const auto model = MakeTiny(StackedConformer());
  for (const double rate : {8000.0, 11025.0, 22050.0, 44100.0, 48000.0}) {
    AsrOptions options;
    options.sample_rate = rate;
    const Audio slow = Join({Silence(0.5), Babble(1.2, 1), Silence(1.1)});
    Audio audio(size_t(2.8 * rate));
    for (size_t i = 0; i < audio.size(); ++i) {
      audio[i] = slow[size_t(double(i) * kTestRate / rate)];
    }
    SessionRun run(model, options);
    const std::vector<Said> whole = run.All(audio);
    CheckEvents(whole, std::to_string(rate));
    ASSERT_EQ(run.Finals().size(), 1u) << rate;
    EXPECT_NEAR(run.Finals()[0].begin, 0.3, 0.15) << rate;
    EXPECT_NEAR(run.Finals()[0].end, 2.35, 0.15) << rate;
    EXPECT_EQ(Describe(run.All(audio, 4)), Describe(whole)) << rate;
  }
}

TEST(AsrSession, ModelsOfOtherRates) {
  for (const int rate : {8000, 22050, 48000}) {
    Config config = StackedConformer();
    config.sample_rate = rate;
    config.front_end.high_hz = 3500;
    AsrOptions options;
    options.sample_rate = kTestRate;
    SessionRun run(MakeTiny(config), options);
    const std::vector<Said> whole = run.All(Talk());
    CheckEvents(whole, std::to_string(rate));
    EXPECT_GT(whole.size(), 3u) << rate;
    EXPECT_EQ(Describe(run.All(Talk(), 2)), Describe(whole)) << rate;
  }
}

}  // namespace
}  // namespace parrotlet
