// Feeds a session and keeps what it says, as values that outlive its next call.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "nn/test_audio.h"
#include "nn/tiny_model.h"
#include "random_cuts.h"
#include "session/asr_session.h"

namespace parrotlet {

struct Said {
  bool final = false;
  int segment = 0, revision = 0;
  std::string text;
  int stable_bytes = 0;
  double begin = 0, end = 0, audio_seconds = 0;
  std::vector<Word> words;
  EventType type = EventType::kPartial;
  EndReason reason = EndReason::kNone;
};

// Everything exact: times and confidences as well.
inline std::string Describe(const Said& said) {
  char line[200];
  constexpr const char* kNames[] = {"", "partial", "final", "speech start"};
  std::snprintf(line, sizeof line, "%s (%d) %d.%d [%a, %a] heard %a stable %d '",
                kNames[int(said.type)], int(said.reason), said.segment, said.revision, said.begin,
                said.end, said.audio_seconds, said.stable_bytes);
  std::string all = line + said.text + "'";
  for (const Word& word : said.words) {
    std::snprintf(line, sizeof line, " %d+%d %a-%a%s %a", word.text_begin, word.text_bytes,
                  word.begin, word.end, word.stable ? "!" : "", double(word.confidence));
    all += line;
  }
  return all;
}

inline std::vector<std::string> Describe(const std::vector<Said>& all) {
  std::vector<std::string> lines;
  for (const Said& said : all) lines.push_back(Describe(said));
  return lines;
}

class SessionRun {
 public:
  explicit SessionRun(std::shared_ptr<const AsrModel> model, const AsrOptions& options = {}) {
    Result<std::unique_ptr<AsrSession>> opened = AsrSession::Open(std::move(model), options);
    EXPECT_TRUE(opened.ok()) << opened.status().message;
    session = std::move(opened.value());
    channels_ = size_t(options.channels);
  }

  // Feeds whole frames until all are taken.
  void Write(const float* samples, size_t frames) {
    size_t events_before;
    do {
      size_t consumed = 0;
      const Status status = session->Write(samples, frames, consumed);
      ASSERT_TRUE(status.ok()) << status.message;
      samples += consumed * channels_;
      frames -= consumed;
      events_before = said.size() + starts.size();
      Drain();
    } while (frames > 0 || said.size() + starts.size() > events_before);
  }

  void EndSegment() {
    for (bool done = false; !done;) {
      const Status status = session->EndSegment(done);
      ASSERT_TRUE(status.ok()) << status.message;
      Drain();
    }
  }

  void Finish() {
    for (bool done = false; !done;) {
      const Status status = session->Finish(done);
      ASSERT_TRUE(status.ok()) << status.message;
      Drain();
    }
  }

  // All that is said of `audio`, in random cuts of that seed, or in one piece when it is 0.
  const std::vector<Said>& All(const Audio& audio, uint32_t seed = 0) {
    session->Reset();
    said.clear();
    starts.clear();
    if (seed == 0) {
      Write(audio.data(), audio.size() / channels_);
    } else {
      InRandomCuts(audio.size() / channels_, seed, [&](size_t begin, size_t count) {
        Write(audio.data() + begin * channels_, count);
      });
    }
    Finish();
    return said;
  }

  std::vector<Said> Finals() const {
    std::vector<Said> finals;
    for (const Said& one : said) {
      if (one.final) finals.push_back(one);
    }
    return finals;
  }

  std::unique_ptr<AsrSession> session;
  std::vector<Said> said;    // partials and finals
  std::vector<Said> starts;  // of speech

 private:
  void Drain() {
    AsrEvent event;
    while (session->NextEvent(event)) {
      const bool starts_speech = event.type == EventType::kSpeechStart;
      (starts_speech ? starts : said)
          .push_back({event.type == EventType::kFinal,
                      event.segment,
                      event.revision,
                      std::string(event.text),
                      event.stable_bytes,
                      event.begin,
                      event.end,
                      event.audio_seconds,
                      {event.words.begin(), event.words.end()},
                      event.type,
                      event.reason});
    }
  }

  size_t channels_;
};

// Two stretches of speech, the second until the end.
inline Audio TwoSegments() {
  return Join({Silence(0.4), Babble(0.9, 1), Silence(1), Babble(1.3, 2)});
}

// That a session says the same of speech in several segments, however that is cut.
inline void ExpectAnyCutGivesTheSame(const Config& tiny, AsrOptions options) {
  const Audio audio = Join({TwoSegments(), Silence(0.7), Babble(5, 3)});
  options.max_segment_seconds = 2;  // cuts before audio that was encoded already
  SessionRun run(MakeTiny(tiny, {4, 0}), options);
  const std::vector<std::string> whole = Describe(run.All(audio));
  EXPECT_GE(run.Finals().size(), 4u) << tiny.name;
  EXPECT_EQ(Describe(run.All(audio, 5)), whole) << tiny.name;
  EXPECT_EQ(Describe(run.All(audio, 6)), whole) << tiny.name;
}

// What holds for every list of events: order of segments and revisions, times inside segments,
// words inside texts, and what was called stable stays.
inline void CheckEvents(const std::vector<Said>& all, const std::string& what) {
  const Said* before = nullptr;
  for (const Said& said : all) {
    const std::string here = what + ": " + Describe(said);
    const bool first = before == nullptr || before->final;
    EXPECT_EQ(said.segment, before == nullptr ? 0 : before->segment + first) << here;
    EXPECT_EQ(said.revision, first ? 0 : before->revision + 1) << here;
    EXPECT_LE(said.begin, said.end) << here;
    EXPECT_LE(said.end, said.audio_seconds + 1e-9) << here;
    if (before != nullptr) {
      EXPECT_GE(said.audio_seconds, before->audio_seconds) << here;
      EXPECT_GE(said.begin, first ? before->end : before->begin) << here;
    }
    EXPECT_LE(said.stable_bytes, int(said.text.size())) << here;
    EXPECT_EQ(said.final, said.reason != EndReason::kNone) << here;
    if (said.final) {
      EXPECT_EQ(said.stable_bytes, int(said.text.size())) << here;
    }
    if (!first) {
      EXPECT_GE(said.stable_bytes, said.final ? 0 : before->stable_bytes) << here;
      EXPECT_EQ(said.text.substr(0, size_t(before->stable_bytes)),
                before->text.substr(0, size_t(before->stable_bytes)))
          << here;
    }
    int at = 0;
    double time = said.begin;
    for (const Word& word : said.words) {
      EXPECT_GE(word.text_begin, at) << here;
      EXPECT_GT(word.text_bytes, 0) << here;
      at = word.text_begin + word.text_bytes;
      EXPECT_EQ(word.stable, at <= said.stable_bytes) << here;
      EXPECT_TRUE(word.confidence > 0 && word.confidence < 1) << here;
      EXPECT_GE(word.begin, time) << here;
      EXPECT_GT(word.end, word.begin) << here;
      time = word.begin;
    }
    EXPECT_EQ(at, int(said.text.size())) << here;
    before = &said;
  }
  if (before != nullptr) {
    EXPECT_TRUE(before->final) << what;
  }
}

}  // namespace parrotlet
