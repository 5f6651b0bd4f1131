// What a session refuses, and what it bears.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "nn/layer_weights.h"
#include "session/session_run.h"

namespace parrotlet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(AsrSessionLimits, RefusesWhatIsNotANumberAndGoesOn) {
  const Audio audio = Join({Babble(1.1, 1), Silence(1.2), Babble(0.9, 2)});
  for (const Config& tiny : {StreamingWaveform(), StackedConformer(), OfflineWaveform()}) {
    const auto model = MakeTiny(tiny);
    AsrOptions options;
    options.channels = 2;
    Audio stereo;
    for (const float sample : audio) stereo.insert(stereo.end(), {sample, sample});
    const std::vector<std::string> expected = Describe(SessionRun(model, options).All(stereo));

    SessionRun run(model, options);
    uint32_t round = 0;
    InRandomCuts(audio.size(), 3, [&](size_t begin, size_t count) {
      if (count > 2) {
        Audio bad(stereo.begin() + long(2 * begin), stereo.begin() + long(2 * (begin + count)));
        const float values[] = {NAN, kInfinity, -kInfinity};
        const size_t at = round++ % bad.size();
        bad[at] = values[round % 3];
        size_t consumed = 99;
        const Status status = run.session->Write(bad.data(), count, consumed);
        ASSERT_EQ(status.code, Code::kPcmNonFinite);
        EXPECT_EQ(consumed, 0u);
        const std::string place =
            "sample " + std::to_string(at / 2) + " of channel " + std::to_string(at % 2);
        EXPECT_NE(std::string(status.message).find(place), std::string::npos) << status.message;
      }
      run.Write(stereo.data() + 2 * begin, count);
    });
    run.Finish();
    EXPECT_EQ(Describe(run.said), expected) << tiny.name;
  }
}

TEST(AsrSessionLimits, NothingMayBeWrittenOnceFinishBegan) {
  const Audio audio = Join({Babble(1.2, 1), Silence(0.2)});
  for (const Config& tiny : TinyConfigs()) {
    AsrOptions options;
    options.sample_rate = 48000;  // so that resampling still has samples to give
    SessionRun run(MakeTiny(tiny), options);
    run.Write(audio.data(), audio.size());
    for (bool done = false; !done;) {
      ASSERT_TRUE(run.session->Finish(done).ok());
      size_t consumed = 7;
      EXPECT_EQ(run.session->Write(audio.data(), 10, consumed).code, Code::kSessionFinished);
      EXPECT_EQ(consumed, 0u);
      EXPECT_EQ(run.session->Write(nullptr, 0, consumed).code, Code::kSessionFinished);
      AsrEvent event;
      run.session->NextEvent(event);
    }
    bool done = false;
    EXPECT_TRUE(run.session->Finish(done).ok());  // again: nothing more to do
    EXPECT_TRUE(done);
    run.session->Reset();
    size_t consumed = 0;
    EXPECT_TRUE(run.session->Write(audio.data(), 10, consumed).ok());
    EXPECT_EQ(consumed, 10u);
  }
}

TEST(AsrSessionLimits, NoAudioIsNoError) {
  for (const Config& tiny : TinyConfigs()) {
    SessionRun run(MakeTiny(tiny));
    EXPECT_TRUE(run.All({}).empty());
    run.session->Reset();
    run.Write(nullptr, 0);
    run.Finish();
    EXPECT_TRUE(run.said.empty());
    EXPECT_TRUE(run.session->memory().empty());
  }
}

TEST(AsrSessionLimits, TooShortAudioIsAnError) {
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny);
    const int window = model->encoder().window_samples();
    const Audio audio = Babble(0.1);
    for (const int count : {1, 159, 160, 161, window - 1, window, window + 1}) {
      if (count > window + 1) continue;
      SessionRun run(model);
      run.Write(audio.data(), size_t(count));
      bool done = false;
      Status status;
      for (AsrEvent event; !done && status.ok(); run.session->NextEvent(event)) {
        status = run.session->Finish(done);
      }
      EXPECT_EQ(status.ok(), count >= window) << tiny.name << " " << count;
      if (status.ok()) continue;
      EXPECT_EQ(status.code, Code::kInvalidArgument);
      char text[80];
      std::snprintf(text, sizeof text, "the audio is %.2f ms long", count / 16.0);
      EXPECT_NE(std::string(status.message).find(text), std::string::npos) << status.message;
      EXPECT_TRUE(run.session->Finish(done).ok());  // said once
      EXPECT_TRUE(done);
    }
  }
}

TEST(AsrSessionLimits, OptionsOutOfRange) {
  const auto model = MakeTiny(StreamingWaveform());
  const auto refused = [&](const char* text, const std::function<void(AsrOptions&)>& change) {
    AsrOptions options;
    change(options);
    const Status status = AsrSession::Open(model, options).status();
    EXPECT_EQ(status.code, Code::kInvalidArgument) << text;
    EXPECT_NE(std::string(status.message).find(text), std::string::npos) << status.message;
  };
  refused("beam should be from 1 to 8, not 9", [](AsrOptions& o) { o.beam = 9; });
  refused("beam", [](AsrOptions& o) { o.beam = -1; });
  refused("pauseSeconds", [](AsrOptions& o) { o.pause_seconds = 0.05; });
  refused("pauseSeconds", [](AsrOptions& o) { o.pause_seconds = 11; });
  refused("pauseSeconds", [](AsrOptions& o) { o.pause_seconds = NAN; });
  refused("leastPauseSeconds should be from 0.05 to 0.8, not 0.9",
          [](AsrOptions& o) { o.least_pause_seconds = 0.9; });
  refused("leastPauseSeconds", [](AsrOptions& o) { o.least_pause_seconds = 0.01; });
  refused("leastPauseSeconds", [](AsrOptions& o) { o.least_pause_seconds = NAN; });
  refused("minSpeechSeconds", [](AsrOptions& o) { o.min_speech_seconds = 5.1; });
  refused("minSpeechSeconds", [](AsrOptions& o) { o.min_speech_seconds = -0.5; });
  refused("minSpeechSeconds should be from 0 to 2, not 3", [](AsrOptions& o) {
    o.max_segment_seconds = 2;
    o.min_speech_seconds = 3;
  });
  refused("minConfidence", [](AsrOptions& o) { o.min_confidence = 1.01; });
  refused("minConfidence", [](AsrOptions& o) { o.min_confidence = NAN; });
  refused("maxSegmentSeconds", [](AsrOptions& o) { o.max_segment_seconds = 1.9; });
  refused("maxSegmentSeconds", [](AsrOptions& o) { o.max_segment_seconds = 4.1; });
  refused("maxSegmentSeconds", [](AsrOptions& o) { o.max_segment_seconds = -1; });
  refused("maxSegmentSeconds", [](AsrOptions& o) { o.max_segment_seconds = NAN; });
  refused("sample rate", [](AsrOptions& o) { o.sample_rate = 7999; });
  refused("sample rate", [](AsrOptions& o) { o.sample_rate = 48001; });
  refused("sample rate", [](AsrOptions& o) { o.sample_rate = 16000.5; });
  refused("sample rate", [](AsrOptions& o) { o.sample_rate = NAN; });
  refused("channels", [](AsrOptions& o) { o.channels = 0; });
  refused("channels", [](AsrOptions& o) { o.channels = 9; });
  refused("chunks of 3 frames", [](AsrOptions& o) { o.chunk_frames = 3; });
  refused("-1 for the whole segment", [](AsrOptions& o) { o.chunk_frames = -2; });
}

TEST(AsrSessionLimits, BearsAnyFiniteAudio) {
  const Audio voice = Babble(1.5, 1);
  Random random(1);
  const std::pair<const char*, std::function<float(size_t)>> kinds[] = {
      {"huge", [&](size_t i) { return voice[i] * 1e30f; }},
      {"largest", [&](size_t i) { return i % 3 == 0 ? 3.4e38f : -3.4e38f; }},
      {"largest at random", [&](size_t) { return random.Int(0, 1) == 0 ? 3.4e38f : -3.4e38f; }},
      {"denormal", [&](size_t i) { return voice[i] * 1e-40f; }},
      {"constant", [&](size_t) { return 1.0f; }},
      {"constant, huge", [&](size_t) { return -1e20f; }},
      {"square", [&](size_t i) { return i / 40 % 2 == 0 ? 1.0f : -1.0f; }},
      {"clicks", [&](size_t i) { return i % 4000 == 0 ? 1.0f : 0.0f; }},
  };
  for (const Config& tiny : {StreamingWaveform(), StackedConformer(), OfflineWaveform()}) {
    const auto model = MakeTiny(tiny);
    for (const double rate : {16000.0, 44100.0}) {
      for (const bool pauses : {true, false}) {
        AsrOptions options;
        options.sample_rate = rate;
        options.channels = 2;
        options.pauses = pauses;
        SessionRun run(model, options), fresh(model, options);
        Audio normal;
        for (const float sample : voice) normal.insert(normal.end(), {sample, sample});
        const std::vector<std::string> expected = Describe(fresh.All(normal));
        for (const auto& [name, sample] : kinds) {
          Audio audio(2 * voice.size());
          for (size_t i = 0; i < audio.size(); ++i) audio[i] = sample(i / 2);
          const std::string what = tiny.name + ", " + name;
          CheckEvents(run.All(audio, 2), what);
          for (const float x : run.session->memory()) ASSERT_TRUE(std::isfinite(x)) << what;
          // And leaves no trace.
          EXPECT_EQ(Describe(run.All(normal)), expected) << what;
        }
      }
    }
  }
}

TEST(AsrSessionLimits, TenMinutesOfSilenceCostNothing) {
  for (const float amplitude : {0.0f, 1e-4f}) {
    SessionRun run(MakeTiny(StreamingWaveform()));
    const size_t bytes = run.session->state_bytes();
    const Audio second = Random(2).Floats(kTestRate, -amplitude, amplitude);
    size_t late = 0;
    for (int s = 0; s < 600; ++s) {
      run.Write(second.data(), second.size());
      if (s == 3) late = run.said.size();  // noise that begins a stream may pass for speech
    }
    run.Finish();
    EXPECT_EQ(run.said.size(), late);
    EXPECT_EQ(run.session->state_bytes(), bytes);
    if (amplitude == 0) {
      EXPECT_EQ(late, 0u);
      EXPECT_TRUE(run.session->memory().empty());
    }
  }
}

TEST(AsrSessionLimits, ResetEqualsFreshAtAnyMoment) {
  const Audio audio = Join({Babble(1, 4), Silence(1), Babble(0.6, 5)});
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny, {4, 16});
    const std::vector<std::string> expected = Describe(SessionRun(model).All(audio));
    SessionRun run(model);
    for (const double seconds : {0.01, 0.5, 1.3, 2.3}) {
      run.session->Reset();
      run.Write(audio.data(), SamplesIn(seconds));  // All() resets
      EXPECT_EQ(Describe(run.All(audio)), expected) << tiny.name << seconds;
    }
    bool done = false;
    run.session->Reset();
    run.Write(audio.data(), SamplesIn(0.9));
    ASSERT_TRUE(run.session->Finish(done).ok());  // an event may be waiting
    EXPECT_EQ(Describe(run.All(audio)), expected) << tiny.name;
  }
}

// Weights so large that activations overflow to infinities and NaN.
TEST(AsrSessionLimits, ModelsOfNumbersOutOfRangeDoNoHarm) {
  const Audio audio = Babble(1.2, 3);
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny, {}, 1, [](const std::string& name, std::vector<float>& v) {
      if (!name.ends_with("ff.out.weight")) return;
      for (float& x : v) x *= 1e38f;
    });
    for (const int beam : {1, 4}) {
      AsrOptions options;
      options.beam = beam;
      SessionRun run(model, options);
      CheckEvents(run.All(audio), tiny.name);
    }
  }
}

TEST(AsrSessionLimits, DescribesItself) {
  AsrOptions options;
  options.sample_rate = 44100;
  options.channels = 2;
  for (const Config& tiny : TinyConfigs()) {
    SessionRun run(MakeTiny(tiny), options);
    const Result<Json> json = Json::Parse(run.session->description());
    ASSERT_TRUE(json.ok()) << json.status().message;
    const Json& description = json.value();
    EXPECT_EQ(description.Find("stateBytes")->number(), double(run.session->state_bytes()));
    EXPECT_EQ(description.Find("sampleRate")->number(), 44100);
    EXPECT_EQ(description.Find("channels")->number(), 2);
    EXPECT_NEAR(description.Find("algorithmicDelayMs")->number(),
                run.session->delay_seconds() * 1000, 1e-6);
    const double chunk_ms = description.Find("chunkMs")->number();
    const double frame_ms = run.session->model().encoder().frame_seconds() * 1000;
    const AttentionSpan span = tiny.encoder.span;
    EXPECT_NEAR(chunk_ms,
                span == AttentionSpan::kFull    ? -1
                : span == AttentionSpan::kChunk ? 4 * frame_ms
                                                : 0,
                1e-9)
        << tiny.name;
  }
}

}  // namespace
}  // namespace parrotlet
