// One stream of speech: audio in, text out, all state in one block of memory that never grows.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "audio/pause_detector.h"
#include "audio/resampler.h"
#include "core/arena.h"
#include "decode/words.h"
#include "nn/linear_observer.h"
#include "session/asr_model.h"
#include "session/asr_options.h"

namespace parrotlet {

enum class EventType { kPartial = 1, kFinal, kSpeechStart };
enum class EndReason { kNone, kPause, kLength, kForced, kEnd };

// What the session has to say; pointers are valid until the next call on the session.
struct AsrEvent {
  EventType type = EventType::kPartial;
  EndReason reason = EndReason::kNone;  // why a final ended
  int segment = 0;                      // from 0
  int revision = 0;                     // of this segment's text, from 0
  std::string_view text;
  int stable_bytes = 0;       // of the text, fixed until a second pass; all of it in a final
  double begin = 0, end = 0;  // of the segment so far, seconds
  std::span<const Word> words;
  double audio_seconds = 0;  // heard so far
};

// Segments: audio is silence until the pause detector hears speech; then a segment is open until a
// pause, the end of input, or its longest length, where it is cut at the quietest place after the
// last stable word and what follows is heard again as the next segment. Every decision lies on a
// grid of samples, so the cutting of the input leaves no trace. Nothing is said of a segment until
// it has had enough speech and words of enough confidence; one that never has is dropped.
class AsrSession {
 public:
  // Errors: kInvalidArgument (an option is outside its range), kOutOfMemory.
  static Result<std::unique_ptr<AsrSession>> Open(std::shared_ptr<const AsrModel> model,
                                                  const AsrOptions& options);

  // Takes interleaved samples, [frames][channels], until all are taken or an event is ready: then
  // `consumed` is less than `frames`, and the caller takes the event and calls again with the rest.
  // Audio with NaN or infinity is refused whole (kPcmNonFinite) and changes nothing.
  Status Write(const float* samples, size_t frames, size_t& consumed);

  // Ends the open segment with what was written so far, to 10 ms; the session goes on. Call, taking
  // the events between, until `done`. kSessionFinished once Finish was called.
  Status EndSegment(bool& done);

  // No more audio follows. Call, taking the events between, until `done`.
  Status Finish(bool& done);

  // Back to the start, as if just opened.
  void Reset();

  // The next event; false when there is none.
  bool NextEvent(AsrEvent& event);

  // The encoder's output for the current segment, [frames][dim]; for the last one until the next
  // begins.
  std::span<const float> memory() const {
    return {memory_, size_t(memory_frames_) * model_->encoder().dim()};
  }

  // From now on sums up what goes into the model's float32 matrices, from zero; a reset keeps the
  // sums. Observing allocates here, and slows the session down.
  LinearObserver& Observe() {
    observer_ = std::make_unique<LinearObserver>(model_->matrices());
    work_.observer = observer_.get();
    return *observer_;
  }

  // Null unless the session observes.
  LinearObserver* observer() { return observer_.get(); }

  const AsrModel& model() const { return *model_; }
  size_t state_bytes() const { return arena_.bytes(); }
  int max_words() const { return decoder_->max_tokens(); }
  double delay_seconds() const { return plan_.delay_seconds; }

  // JSON for users; pl_session_describe says what it holds.
  const std::string& description() const { return description_; }

 private:
  // Audio is fed to the encoder in long steps, as several rows cost less than one at a time, of
  // which one ends where a chunk does, so that it runs as soon as it is full.
  static constexpr int kDetectorFrame = PauseDetector::kFrameSamples;
  static constexpr int kLongFeed = 16 * kDetectorFrame;

  AsrSession() = default;
  Status Prepare(const AsrOptions& options);
  Status PrepareSecondPass();
  int DefaultBeam() const;
  void Lay(Arena& arena);
  void Describe();
  Status CheckLength();

  // Input, one detector frame at a time.
  void Hear(const float* samples, int count);
  void Remember(const float* samples, int count);
  void Decide();
  void BeginSegment(int64_t begin);
  bool BeginRest(EndReason reason);
  void Cut(int64_t at, EndReason reason);
  void NoticeSpeech();
  int64_t CutFullSegment() const;
  double PauseNeeded() const;

  // Work that the input so far allows; true while there is more.
  bool Advance();
  int64_t FeedEnd() const;
  void Feed(int64_t until);
  void TakeMemory(const Encoder::State& from, int settled);
  void CloseSegment();
  void HearAgain();
  bool HasEnoughSpeech() const;
  bool IsWorthSaying() const;
  void MakeEvent(EventType type);
  void MakeTextEvent(EventType type);
  const float* Contiguous(int64_t begin, int count);

  std::shared_ptr<const AsrModel> model_;
  AsrOptions options_;
  EncoderPlan plan_;
  Arena arena_;
  Workspace work_;
  std::unique_ptr<LinearObserver> observer_;
  Resampler resampler_;
  PauseDetector detector_;
  Encoder::State encoder_;
  EncoderPlan second_plan_;  // of whole segments
  Encoder::State second_;    // unused without a second pass
  int64_t min_speech_frames_ = 0;
  std::unique_ptr<TokenDecoder> decoder_;
  std::optional<Confidence> confidence_;
  WordBuilder words_;
  std::string description_;

  float* resampled_ = nullptr;  // [kDetectorFrame]: the frame being filled
  int resampled_count_ = 0;
  float* ring_ = nullptr;  // [ring_samples_]: recent audio
  int64_t ring_samples_ = 0;
  float* step_ = nullptr;    // [kLongFeed]: audio out of the ring, in one piece
  float* memory_ = nullptr;  // [max_frames][dim]
  int memory_frames_ = 0;
  int update_frames_ = 1;   // frames of memory between two partial results
  int updated_frames_ = 0;  // memory at the last of them

  int64_t heard_ = 0;                    // samples in the ring since the start, at the model's rate
  int64_t fed_ = 0;                      // up to here the encoder has been given the segment
  int64_t previous_end_ = 0;             // where the last segment ended
  bool active_ = false;                  // a segment is open
  int64_t begin_ = 0;                    // where it began
  int64_t cut_ = -1;                     // where it is to end; -1: not known yet
  EndReason reason_ = EndReason::kNone;  // and why
  int64_t speech_frames_ = 0;            // of it, by the detector
  bool speech_noticed_ = false;          // kSpeechStart was said
  int64_t stable_heard_ = 0;             // fed_ when the stable words grew last
  bool finishing_ = false;               // no more input may come
  bool input_ended_ = false;             // all that came has been heard
  bool finished_ = false;

  int segment_ = 0, revision_ = 0;
  uint64_t signature_ = 0;  // of the last event's text
  AsrEvent event_;
  bool has_event_ = false;
};

}  // namespace parrotlet
