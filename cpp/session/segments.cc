// When the segments of AsrSession begin and end.
#include <algorithm>
#include <cmath>

#include "session/asr_session.h"

namespace parrotlet {
namespace {

constexpr double kPrerollSeconds = 0.3;    // heard before the first frame with speech
constexpr int kCutWidthFrames = 10;        // 100 ms: the run of frames that must be quiet
constexpr double kCutMarginSeconds = 0.2;  // between the last stable word and a cut
constexpr float kAmplitudeLimit = 4;       // samples beyond are clipped: no square may overflow

}  // namespace

void AsrSession::Remember(const float* samples, int count) {
  for (int i = 0; i < count; ++i) {
    // Resampling samples near the largest float may leave infinities, and their difference.
    const float x = std::isnan(samples[i]) ? 0 : samples[i];
    ring_[(heard_ + i) % ring_samples_] = std::clamp(x, -kAmplitudeLimit, kAmplitudeLimit);
  }
  heard_ += count;
}

void AsrSession::Hear(const float* samples, int count) {
  Remember(samples, count);
  detector_.Push(Contiguous(heard_ - count, count), size_t(count));
}

// Samples [begin, begin + count) of the ring in one piece; count <= kLongFeed.
const float* AsrSession::Contiguous(int64_t begin, int count) {
  for (int i = 0; i < count; ++i) step_[i] = ring_[(begin + i) % ring_samples_];
  return step_;
}

// A detector frame has come: does a segment begin or end with it?
void AsrSession::Decide() {
  const int rate = model_->config().sample_rate;
  if (!active_) {
    if (!options_.pauses) {
      BeginSegment(previous_end_);
    } else if (detector_.has_speech()) {
      const int64_t speech = detector_.FirstSpeech(previous_end_ / kDetectorFrame) * kDetectorFrame;
      const int64_t preroll = int64_t(kPrerollSeconds * rate);
      const int64_t oldest =
          heard_ - std::min(ring_samples_, plan_.max_samples - 2 * kDetectorFrame);
      BeginSegment(std::max({previous_end_, speech - preroll, oldest, int64_t(0)}));
    }
    return;
  }
  speech_frames_ += detector_.speech();
  NoticeSpeech();
  if (cut_ >= 0) return;
  const double silence = double(detector_.trailing_silence_frames()) * kDetectorFrame / rate;
  if (options_.pauses && silence >= PauseNeeded()) {
    Cut(heard_, EndReason::kPause);
  } else if (heard_ - begin_ + kDetectorFrame > plan_.max_samples) {
    Cut(CutFullSegment(), EndReason::kLength);
  }
}

void AsrSession::Cut(int64_t at, EndReason reason) {
  cut_ = at;
  reason_ = reason;
}

// A long segment ends at ever shorter pauses, so that few reach their limit in the middle of a
// word.
double AsrSession::PauseNeeded() const {
  const double length = double(heard_ - begin_) / model_->config().sample_rate;
  const double share = length / options_.max_segment_seconds;
  const double eagerness = std::clamp((share - 0.5) / 0.45, 0.0, 1.0);
  return options_.pause_seconds * (1 - eagerness) + options_.least_pause_seconds * eagerness;
}

int64_t AsrSession::CutFullSegment() const {
  const int rate = model_->config().sample_rate;
  int64_t earliest = heard_ - ring_samples_ + rate;  // what the ring still holds, with a margin
  earliest = std::max(earliest, begin_ + int64_t(options_.max_segment_seconds * rate / 2));
  if (const int stable = decoder_->stable(); stable > 0 && decoder_->timed()) {
    const double end = double(decoder_->tokens()[stable - 1].end) + kCutMarginSeconds;
    earliest = std::max(earliest, begin_ + int64_t(end * rate));
  } else if (stable > 0) {
    earliest = std::max(earliest, stable_heard_);
  }
  const int64_t cut = detector_.QuietestFrame((earliest + kDetectorFrame - 1) / kDetectorFrame,
                                              heard_ / kDetectorFrame, kCutWidthFrames) *
                      kDetectorFrame;
  return std::min(cut, heard_);
}

void AsrSession::BeginSegment(int64_t begin) {
  active_ = true;
  begin_ = fed_ = begin;
  cut_ = -1;
  memory_frames_ = updated_frames_ = 0;
  revision_ = 0;
  signature_ = 0;
  model_->encoder().Reset(encoder_);
  if (options_.second_pass) model_->encoder().Reset(second_);
  decoder_->Reset();
  detector_.Mark(begin / kDetectorFrame);
  speech_frames_ = detector_.CountSpeech(begin / kDetectorFrame);
  speech_noticed_ = false;
  NoticeSpeech();
}

// Makes a last segment, up to here, of what follows the one before; false when that holds nothing.
bool AsrSession::BeginRest(EndReason reason) {
  if (active_ || heard_ - previous_end_ < model_->encoder().window_samples()) return false;
  if (options_.pauses && !detector_.has_speech()) return false;
  BeginSegment(previous_end_);
  Cut(heard_, reason);
  return true;
}

bool AsrSession::HasEnoughSpeech() const { return speech_frames_ >= min_speech_frames_; }

void AsrSession::NoticeSpeech() {
  if (speech_noticed_ || !options_.pauses || !HasEnoughSpeech()) return;
  speech_noticed_ = true;
  MakeEvent(EventType::kSpeechStart);
}

}  // namespace parrotlet
