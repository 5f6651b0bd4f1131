#include "session/asr_session.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "decode/attention_search.h"

namespace parrotlet {
namespace {

constexpr double kPartialSeconds = 0.5;  // between partial results where no chunk paces them
constexpr int kWholeBeam = 4;
constexpr double kLongestRecutSeconds = 6.0;  // of audio heard again after a cut

// FNV-1a over what a listener would see of a partial result.
uint64_t Signature(std::string_view text, int stable_bytes) {
  uint64_t hash = 14695981039346656037u ^ uint64_t(stable_bytes);
  for (const char c : text) hash = (hash ^ uint8_t(c)) * 1099511628211u;
  return hash;
}

}  // namespace

Result<std::unique_ptr<AsrSession>> AsrSession::Open(std::shared_ptr<const AsrModel> model,
                                                     const AsrOptions& options) {
  std::unique_ptr<AsrSession> session(new AsrSession);
  session->model_ = std::move(model);
  Status status = session->Prepare(options);
  if (!status.ok()) return status;
  return session;
}

Status AsrSession::Prepare(const AsrOptions& options) {
  const Config& config = model_->config();
  options_ = options;
  Status status = options_.Resolve(config);
  if (status.ok()) {
    status = resampler_.Configure(options_.sample_rate, options_.channels, config.sample_rate);
  }
  if (!status.ok()) return status;
  Result<EncoderPlan> plan = model_->encoder().Plan(
      options_.chunk_frames, options_.lookahead_frames, options_.max_segment_seconds);
  if (!plan.ok()) return plan.status();
  plan_ = plan.value();
  if (plan_.lookahead_frames > 0 && config.output == OutputStage::kCtc) {
    return Status::Error(Code::kInvalidArgument,
                         "look-ahead (lookAheadMs) hears the end of a chunk again, and this model "
                         "says its text (CTC) as it hears each frame first");
  }
  if (options_.second_pass) status = PrepareSecondPass();
  if (!status.ok()) return status;
  min_speech_frames_ = 0;
  if (options_.pauses) {
    const double frames = options_.min_speech_seconds * config.sample_rate / kDetectorFrame;
    min_speech_frames_ = int64_t(std::ceil(frames - 1e-9));
  }
  status = detector_.Configure(model_->kernels());
  if (!status.ok()) return status;

  const double frame_seconds = model_->encoder().frame_seconds();
  if (config.output == OutputStage::kCtc) {
    decoder_ = std::make_unique<CtcGreedy>(model_->ctc(), model_->tokenizer(), plan_.max_frames,
                                           frame_seconds);
  } else {
    SearchOptions search;
    search.beam = options_.beam > 0 ? options_.beam : DefaultBeam();
    search.partial_beam = std::max(1, options_.beam);
    search.keep_loops = options_.keep_loops;
    search.align = options_.words;
    search.frame_seconds = frame_seconds;
    search.max_frames = plan_.max_frames;
    decoder_ = std::make_unique<AttentionSearch>(model_->decoder(), model_->tokenizer(), search);
    if (plan_.span == AttentionSpan::kFrames) {
      update_frames_ = std::max(1, int(std::ceil(kPartialSeconds / frame_seconds)));
    }
  }
  const double recut = std::min(kLongestRecutSeconds, options_.max_segment_seconds / 2);
  ring_samples_ = int64_t((recut + 1) * config.sample_rate);

  confidence_.emplace(model_->kernels(), config.confidence);
  work_.kernels = &model_->kernels();
  status = arena_.Build([&](Arena& arena) { Lay(arena); });
  if (!status.ok()) return status;
  Reset();
  Describe();
  return {};
}

// A search that comes once a segment, over all of it, may cost more than one that comes with every
// chunk.
int AsrSession::DefaultBeam() const {
  return plan_.whole_segment || options_.second_pass || !options_.partials ? kWholeBeam : 1;
}

Status AsrSession::PrepareSecondPass() {
  if (plan_.chunk_frames == 0 || plan_.whole_segment) {
    return Status::Error(Code::kInvalidArgument,
                         "a second pass (secondPass) hears as a whole what was heard in chunks, "
                         "and this session does not work in chunks");
  }
  Result<EncoderPlan> whole = model_->encoder().Plan(-1, 0, options_.max_segment_seconds);
  if (!whole.ok()) return whole.status();
  second_plan_ = whole.value();
  return {};
}

void AsrSession::Lay(Arena& arena) {
  const Encoder& encoder = model_->encoder();
  WorkspaceNeeds needs;
  encoder.AddNeeds(needs, plan_);
  if (options_.second_pass) encoder.AddNeeds(needs, second_plan_);
  decoder_->AddNeeds(needs);
  work_.Bind(arena, needs);
  resampler_.Bind(arena);
  detector_.Bind(arena);
  // The front end's options were checked when the model was loaded.
  (void)encoder.Bind(arena, encoder_, model_->kernels(), plan_);
  if (options_.second_pass) {
    (void)encoder.Bind(arena, second_, model_->kernels(), second_plan_);
    encoder_.second = &second_;
  }
  decoder_->Bind(arena);
  words_.Bind(arena, decoder_->max_tokens(), model_->tokenizer().max_piece_bytes());
  resampled_ = arena.Take<float>(kDetectorFrame);
  ring_ = arena.Take<float>(ring_samples_);
  static_assert(kLongFeed <= FrontEnd::kMaxSamples);
  step_ = arena.Take<float>(kLongFeed);
  memory_ = arena.Take<float>(size_t(plan_.max_frames) * encoder.dim());
}

void AsrSession::Describe() {
  char text[256];
  const double frame_ms = model_->encoder().frame_seconds() * 1000;
  std::snprintf(text, sizeof text,
                "{\"stateBytes\":%zu,\"algorithmicDelayMs\":%.10g,\"chunkMs\":%.10g,"
                "\"lookAheadMs\":%.10g,\"sampleRate\":%.10g,\"channels\":%d}",
                state_bytes(), plan_.delay_seconds * 1000,
                plan_.whole_segment ? -1.0 : plan_.chunk_frames * frame_ms,
                plan_.lookahead_frames * frame_ms, options_.sample_rate, options_.channels);
  description_ = text;
}

void AsrSession::Reset() {
  resampler_.Reset();
  detector_.Reset();
  resampled_count_ = 0;
  heard_ = fed_ = previous_end_ = begin_ = 0;
  active_ = finishing_ = input_ended_ = finished_ = false;
  cut_ = -1;
  segment_ = revision_ = 0;
  memory_frames_ = updated_frames_ = 0;
  has_event_ = false;
}

Status AsrSession::Write(const float* samples, size_t frames, size_t& consumed) {
  consumed = 0;
  if (finishing_) {
    return Status::Error(Code::kSessionFinished,
                         "the input was ended; reset the session to start another");
  }
  const size_t channels = size_t(options_.channels);
  for (size_t i = 0; i < frames * channels; ++i) {
    if (!std::isfinite(samples[i])) {
      return Status::Error(Code::kPcmNonFinite,
                           "sample %zu of channel %zu is %f; audio should be finite numbers, "
                           "usually in [-1, 1]. Nothing of this piece was taken",
                           i / channels, i % channels, double(samples[i]));
    }
  }
  while (!has_event_) {
    if (Advance()) continue;
    const Progress progress =
        resampler_.Push(samples + consumed * channels, frames - consumed,
                        resampled_ + resampled_count_, kDetectorFrame - resampled_count_);
    consumed += progress.consumed;
    resampled_count_ += int(progress.produced);
    if (resampled_count_ == kDetectorFrame) {
      Hear(resampled_, kDetectorFrame);
      Decide();
      resampled_count_ = 0;
    } else if (consumed == frames) {
      return {};
    }
  }
  return {};
}

Status AsrSession::Finish(bool& done) {
  finishing_ = true;
  done = finished_;
  while (!has_event_ && !finished_) {
    if (Advance()) continue;
    if (!input_ended_) {
      const size_t produced = resampler_.Flush(resampled_ + resampled_count_,
                                               size_t(kDetectorFrame - resampled_count_));
      resampled_count_ += int(produced);
      if (resampled_count_ == kDetectorFrame) {
        Hear(resampled_, kDetectorFrame);
        Decide();
        resampled_count_ = 0;
        continue;
      }
      if (produced > 0) continue;
      // The last frame is not full: it is heard, but the detector has no verdict on it.
      Remember(resampled_, resampled_count_);
      resampled_count_ = 0;
      input_ended_ = true;
      if (active_ && cut_ < 0) Cut(heard_, EndReason::kEnd);
      const Status status = CheckLength();
      if (!status.ok()) return status;
    } else if (!BeginRest(EndReason::kEnd)) {
      finished_ = true;
    }
  }
  done = finished_ && !has_event_;
  return {};
}

Status AsrSession::EndSegment(bool& done) {
  done = false;
  // First what the resampler still holds of the last write, which may have stopped at an event.
  size_t none = 0;
  const Status status = Write(nullptr, 0, none);
  if (!status.ok() || has_event_) return status;
  if (active_ && cut_ < 0) Cut(heard_, EndReason::kForced);
  while (!has_event_ && (Advance() || BeginRest(EndReason::kForced))) {
  }
  done = !active_ && !has_event_;
  return {};
}

// Audio too short for a single frame is an error rather than silence.
Status AsrSession::CheckLength() {
  const int window = model_->encoder().window_samples();
  if (heard_ == 0 || heard_ >= window) return {};
  finished_ = true;
  const double rate = model_->config().sample_rate;
  return Status::Error(Code::kInvalidArgument,
                       "the audio is %.2f ms long; the model needs at least %.2f ms",
                       1e3 * double(heard_) / rate, 1e3 * window / rate);
}

bool AsrSession::NextEvent(AsrEvent& event) {
  if (!has_event_) return false;
  event = event_;
  has_event_ = false;
  return true;
}

bool AsrSession::Advance() {
  if (!active_) return false;
  const int64_t until = cut_ >= 0 ? cut_ : heard_;
  if (const int64_t end = FeedEnd(); until >= end) {
    Feed(end);
    return true;
  }
  if (cut_ < 0) return false;
  if (fed_ < cut_) Feed(cut_);
  if (has_event_) return true;
  CloseSegment();
  return true;
}

// Where the next step ends.
int64_t AsrSession::FeedEnd() const {
  const int64_t longest = fed_ + kLongFeed;
  if (plan_.chunk_frames == 0 || plan_.whole_segment) return longest;
  const int64_t chunk = begin_ + model_->encoder().ChunkEnd(encoder_, plan_);
  // Where frames come later than it says, as whole segments are normalized first, it is behind.
  return chunk > fed_ ? std::min(chunk, longest) : longest;
}

void AsrSession::Feed(int64_t until) {
  const int settled = encoder_.settled;
  const int count = int(until - fed_);
  const float* samples = Contiguous(fed_, count);
  fed_ = until;
  if (!model_->encoder().Step(encoder_, work_, plan_, samples, count, memory_)) return;
  TakeMemory(encoder_, settled);
  if (!options_.partials || memory_frames_ - updated_frames_ < update_frames_) return;
  updated_frames_ = memory_frames_;
  if (!HasEnoughSpeech()) return;
  const int stable = decoder_->stable();
  decoder_->Update(work_, false);
  if (decoder_->stable() > stable) stable_heard_ = fed_;
  MakeTextEvent(EventType::kPartial);
}

// The frames of memory_ from `settled` on are new.
void AsrSession::TakeMemory(const Encoder::State& from, int settled) {
  memory_frames_ = from.total();
  decoder_->Truncate(settled);
  decoder_->Extend(work_, memory_ + size_t(settled) * model_->encoder().dim(),
                   memory_frames_ - settled);
}

void AsrSession::CloseSegment() {
  const Encoder& encoder = model_->encoder();
  const int settled = encoder_.settled;
  encoder.Drain(encoder_, work_, plan_, memory_);
  if (options_.second_pass && HasEnoughSpeech()) {
    HearAgain();
  } else {
    encoder.RunGathered(encoder_, work_, plan_, memory_);
    TakeMemory(encoder_, settled);
  }
  // A cut may lie before audio that the encoder has heard already: that belongs to the next
  // segment.
  const int64_t kept = (cut_ - begin_) / encoder.frame_samples();
  if (fed_ > cut_ && kept < memory_frames_) {
    memory_frames_ = int(kept);
    decoder_->Truncate(memory_frames_);
  }
  if (HasEnoughSpeech()) {
    decoder_->Update(work_, true);
    MakeTextEvent(EventType::kFinal);
  }
  previous_end_ = cut_;
  active_ = false;
  cut_ = -1;
  detector_.Mark(previous_end_ / kDetectorFrame);
}

// The segment's memory and tokens anew: now every frame of it can see all others.
void AsrSession::HearAgain() {
  decoder_->Reset();
  model_->encoder().RunGathered(second_, work_, second_plan_, memory_);
  TakeMemory(second_, 0);
}

// Whether the words, of which nobody has heard yet, are to be told: sounds other than speech make
// improbable ones.
bool AsrSession::IsWorthSaying() const {
  return !words_.words().empty() && double(words_.MeanConfidence()) >= options_.min_confidence;
}

// Makes an event of the decoder's tokens; none while a segment has had no words worth saying, and
// none that would say the same again.
void AsrSession::MakeTextEvent(EventType type) {
  const bool final = type == EventType::kFinal;
  const double begin = double(begin_) / model_->config().sample_rate;
  const double heard = double(final ? cut_ : fed_) / model_->config().sample_rate;
  words_.Build(model_->tokenizer(), *confidence_, *decoder_, begin, heard - begin);
  if (revision_ == 0 && !IsWorthSaying()) return;
  const uint64_t signature = Signature(words_.text(), words_.stable_bytes());
  if (!final && signature == signature_) return;
  signature_ = signature;
  MakeEvent(type);
  event_.end = heard;
  event_.revision = revision_++;
  event_.text = words_.text();
  event_.stable_bytes = words_.stable_bytes();
  event_.words = words_.words();
  if (!final) return;
  event_.reason = reason_;
  ++segment_;
}

// An event of the open segment, without text.
void AsrSession::MakeEvent(EventType type) {
  const double rate = model_->config().sample_rate;
  event_ = {};
  event_.type = type;
  event_.segment = segment_;
  event_.text = "";
  event_.begin = double(begin_) / rate;
  event_.end = event_.audio_seconds = double(heard_) / rate;
  has_event_ = true;
}

}  // namespace parrotlet
