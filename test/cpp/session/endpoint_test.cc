// Why segments begin and end, and what is not worth saying.
#include <gtest/gtest.h>

#include <cstdlib>

#include "session/session_run.h"

namespace parrotlet {
namespace {

std::vector<EndReason> Reasons(const SessionRun& run) {
  std::vector<EndReason> reasons;
  for (const Said& said : run.Finals()) reasons.push_back(said.reason);
  return reasons;
}

TEST(Endpoint, SaysWhyASegmentEnded) {
  const Audio audio = Join({Babble(1.2, 1), Silence(1.2), Babble(5, 2)});
  for (const Config& tiny : {StackedConformer(), ChunkedConformer()}) {
    SessionRun run(MakeTiny(tiny));  // of 4 s at most
    run.All(audio);
    EXPECT_EQ(Reasons(run),
              (std::vector<EndReason>{EndReason::kPause, EndReason::kLength, EndReason::kEnd}));
  }
}

TEST(Endpoint, SpeechStartsBeforeItsWords) {
  const Audio audio = Join({Silence(0.6), Babble(1.2, 1), Silence(1.3), Babble(0.8, 2)});
  SessionRun run(MakeTiny(StackedConformer()));
  run.All(audio);
  const std::vector<Said> finals = run.Finals();
  ASSERT_EQ(run.starts.size(), 2u);
  ASSERT_EQ(finals.size(), 2u);
  const double speech[] = {0.6, 3.1};
  for (size_t i = 0; i < 2; ++i) {
    const Said& start = run.starts[i];
    EXPECT_EQ(start.segment, int(i));
    EXPECT_EQ(start.begin, finals[i].begin);
    EXPECT_TRUE(start.text.empty() && start.words.empty());
    EXPECT_GE(start.audio_seconds, speech[i] + 0.1);
    EXPECT_LE(start.audio_seconds, speech[i] + 0.25);
  }
  AsrOptions options;
  options.pauses = false;
  SessionRun without(MakeTiny(StackedConformer()), options);
  without.All(audio);
  EXPECT_TRUE(without.starts.empty());
}

TEST(Endpoint, AForcedEndMakesAFinalOfWhatWasHeard) {
  const Audio audio = Babble(2.5, 3);
  for (const Config& tiny : TinyConfigs()) {
    for (const bool pauses : {true, false}) {
      AsrOptions options;
      options.pauses = pauses;
      const auto model = MakeTiny(tiny);
      SessionRun run(model, options);
      run.Write(audio.data(), SamplesIn(1.205));
      run.EndSegment();
      const std::string what = tiny.name + (pauses ? ", pauses" : "");
      ASSERT_EQ(Reasons(run), std::vector<EndReason>{EndReason::kForced}) << what;
      EXPECT_NEAR(run.said.back().end, 1.2, 1e-9) << what;
      run.EndSegment();  // nothing is left
      run.Write(audio.data() + SamplesIn(1.205), audio.size() - SamplesIn(1.205));
      run.Finish();
      CheckEvents(run.said, what);
      EXPECT_EQ(Reasons(run).back(), EndReason::kEnd) << what;
      EXPECT_NEAR(run.said.back().end, 2.5, 1e-9) << what;

      // The first part is what a session says that hears no more.
      SessionRun alone(model, options);
      alone.All({audio.begin(), audio.begin() + long(SamplesIn(1.2))});
      EXPECT_EQ(alone.said.back().text, run.Finals().front().text) << what;
    }
  }
}

TEST(Endpoint, AForcedEndAtAnyMomentLosesNothing) {
  const Audio audio = Babble(7, 4);
  for (const bool pauses : {true, false}) {
    AsrOptions options;
    options.pauses = pauses;
    options.max_segment_seconds = 2;
    for (const int step : {1, 37, 160, 401, 3200, 32000}) {
      SessionRun run(MakeTiny(StackedConformer()), options);
      size_t at = 0;
      for (int round = 0; at < audio.size() && round < 60; ++round) {
        const size_t count = std::min<size_t>(size_t(step), audio.size() - at);
        run.Write(audio.data() + at, count);
        at += count;
        run.EndSegment();
      }
      run.Write(audio.data() + at, audio.size() - at);
      run.Finish();
      CheckEvents(run.said, std::to_string(step));
      EXPECT_NEAR(run.said.back().end, 7, 1e-9) << step;
    }
  }
}

TEST(Endpoint, NoForcedEndOnceFinishBegan) {
  SessionRun run(MakeTiny(StackedConformer()));
  run.All(Babble(1, 1));
  bool done = false;
  EXPECT_EQ(run.session->EndSegment(done).code, Code::kSessionFinished);
}

TEST(Endpoint, ANearlyFullSegmentEndsAtAShortPause) {
  const Audio audio = Join({Babble(3.45, 1), Silence(0.4), Babble(0.4, 2)});
  for (const double least : {0.1, 0.8}) {
    AsrOptions options;
    options.least_pause_seconds = least;
    SessionRun run(MakeTiny(StackedConformer()), options);
    run.All(audio);
    ASSERT_GE(run.Finals().size(), 1u);
    EXPECT_EQ(run.Finals()[0].reason, least < 0.5 ? EndReason::kPause : EndReason::kLength);
  }
}

TEST(Endpoint, DropsSegmentsOfTooLittleSpeech) {
  const Audio audio = Join({Silence(1), Babble(0.19, 1), Silence(1.5), Babble(1.5, 2), Silence(1)});
  const auto model = MakeTiny(StackedConformer());
  size_t finals[2];
  for (const bool drop : {false, true}) {
    AsrOptions options;
    options.min_speech_seconds = drop ? 0.6 : -1;
    SessionRun run(model, options);
    CheckEvents(run.All(audio), "");
    finals[drop] = run.Finals().size();
    EXPECT_EQ(run.starts.size(), drop ? 1u : 2u);
    EXPECT_GE(run.Finals().back().begin, 2.2);
  }
  EXPECT_EQ(finals[0], 2u);
  EXPECT_EQ(finals[1], 1u);
}

TEST(Endpoint, SaysNothingOfImprobableWords) {
  const Audio audio = Join({Babble(1.5, 1), Silence(1.2), Babble(1.5, 2), Silence(1.2)});
  for (const Config& tiny : {StreamingWaveform(), StackedConformer()}) {
    const auto model = MakeTiny(tiny);
    AsrOptions options;
    SessionRun all(model, options);
    all.All(audio);
    ASSERT_FALSE(all.said.empty());
    options.min_confidence = 1;  // nothing is as sure as that
    SessionRun none(model, options);
    EXPECT_TRUE(none.All(audio).empty()) << tiny.name;
    EXPECT_EQ(none.starts.size(), 2u);
    EXPECT_EQ(none.starts[1].segment, 0);  // the first was dropped

    // Once something was said, the rest of the segment follows, whatever its confidence.
    double mean = 0;
    for (const Word& word : all.said[0].words) mean += word.confidence;
    options.min_confidence = mean / double(all.said[0].words.size()) - 1e-6;
    SessionRun some(model, options);
    some.All(audio);
    ASSERT_FALSE(some.said.empty());
    EXPECT_EQ(Describe(some.said[0]), Describe(all.said[0])) << tiny.name;
    EXPECT_EQ(some.Finals()[0].text, all.Finals()[0].text) << tiny.name;
  }
}

TEST(Endpoint, EveryTargetGivesTheSameConfidences) {
  const Audio audio = Join({Babble(1.5, 1), Silence(1), Babble(1, 2)});
  for (const Config& tiny : {StreamingWaveform(), StackedConformer()}) {
    std::vector<std::string> expected;
    for (const Kernels* kernels : AllKernels()) {
      if (!kernels->supported()) continue;
      setenv("PARROTLET_TARGET", kernels->target, 1);
      const auto model = MakeTiny(tiny, {4, 0});
      unsetenv("PARROTLET_TARGET");
      ASSERT_STREQ(model->kernels().target, kernels->target);
      const std::vector<std::string> said = Describe(SessionRun(model).All(audio));
      if (expected.empty()) expected = said;
      EXPECT_EQ(said, expected) << kernels->target;
    }
    EXPECT_FALSE(expected.empty());
  }
}

}  // namespace
}  // namespace parrotlet
