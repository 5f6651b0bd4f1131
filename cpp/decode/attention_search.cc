#include "decode/attention_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace parrotlet {
namespace {

// A loop is the same run of up to 16 tokens said at least three times, with 6 or more tokens too
// many.
constexpr int kLongestLoop = 16;
constexpr int kLoopRepeats = 3;
constexpr int kLoopExcess = 6;

// How near the edge of a growing memory, and how far behind the last token, a step may not look.
constexpr double kEdgeSeconds = 0.1;
constexpr double kBackSeconds = 1.0;

// Where tokens stand against the peaks of the alignment heads, in seconds: an attention frame
// covers 56 ms of audio and is numbered by its first sample. Median errors on synthetic speech with
// known phone times (test/reference/alignment_study.py), rounded.
constexpr float kBeginShift = -0.050f;
constexpr float kEndShift = 0.028f;

}  // namespace

AttentionSearch::AttentionSearch(const AttentionDecoder& decoder, const Tokenizer& tokenizer,
                                 const SearchOptions& options)
    : decoder_(decoder), tokenizer_(tokenizer), options_(options) {
  const double seconds = options.max_frames * options.frame_seconds;
  max_tokens_ = int(std::ceil(seconds * decoder.config().tokens_per_second)) + kSpareTokens;
}

void AttentionSearch::AddNeeds(WorkspaceNeeds& needs) const {
  decoder_.AddNeeds(needs, options_.max_frames, max_tokens_ + 1);
}

void AttentionSearch::Bind(Arena& arena) {
  decoder_.Bind(arena, state_, options_.max_frames, max_tokens_ + 1, most_hypotheses());
  const auto bind = [&](Hypothesis& hypothesis) {
    hypothesis.ids = arena.Take<int>(max_tokens_ + 1);
    hypothesis.log_probabilities = arena.Take<float>(max_tokens_ + 1);
    hypothesis.logits = arena.Take<float>(decoder_.padded_vocabulary());
  };
  for (int i = 0; i < most_hypotheses(); ++i) bind(hypotheses_[i]);
  if (most_hypotheses() > 1) {
    finished_.ids = arena.Take<int>(max_tokens_ + 1);
    finished_.log_probabilities = arena.Take<float>(max_tokens_ + 1);
    candidates_ = arena.Take<Candidate>(size_t(most_hypotheses()) * (most_hypotheses() + 1));
  }
  previous_ = arena.Take<int>(max_tokens_ + 1);
  tokens_ = arena.Take<Token>(max_tokens_);
  begin_ = arena.Take<float>(max_tokens_ + 1);
  end_ = arena.Take<float>(max_tokens_ + 1);
  alignment_.Bind(arena, max_tokens_ + 1, options_.max_frames);
}

void AttentionSearch::Reset() {
  decoder_.Reset(state_);
  count_ = stable_ = previous_count_ = 0;
}

void AttentionSearch::Extend(Workspace& work, const float* memory, int count) {
  decoder_.Extend(state_, work, memory, count);
}

void AttentionSearch::Truncate(int frames) {
  state_.memory_frames = std::min(state_.memory_frames, frames);
}

// Most text tokens that the memory so far can stand for: the makers' guard against loops.
int AttentionSearch::Limit() const {
  const double seconds = (state_.memory_frames + kUnheardFrames) * options_.frame_seconds;
  const int limit = int(seconds * decoder_.config().tokens_per_second) + kSpareTokens;
  return std::clamp(limit, stable_, max_tokens_);
}

void AttentionSearch::Hypothesis::CopyText(const Hypothesis& from, int tokens) {
  std::copy(from.ids, from.ids + tokens + 1, ids);
  std::copy(from.log_probabilities, from.log_probabilities + tokens + 1, log_probabilities);
}

// Runs the tokens of a hypothesis from `from` on; its scores of what may follow.
void AttentionSearch::Predict(Workspace& work, int from, int slot) {
  Hypothesis& hypothesis = hypotheses_[slot];
  decoder_.Run(state_, work, hypothesis.ids + from, hypothesis.count + 1 - from, from, slot,
               hypothesis.logits);
  hypothesis.total = work.kernels->log_sum_exp(hypothesis.logits, decoder_.config().vocabulary);
}

void AttentionSearch::Update(Workspace& work, bool final) {
  if (state_.memory_frames == 0) {
    count_ = stable_;
    return;
  }
  Hypothesis& best = hypotheses_[0];
  best.ids[0] = decoder_.config().start_token;
  best.count = 0;
  for (const Token& token : tokens().first(stable_)) best.Append(token.id, token.log_probability);
  beam_ = final ? options_.beam : options_.partial_beam;
  if (beam_ > 1) {
    Beam(work, Limit());
  } else {
    Greedy(work, Limit(), final);
  }

  count_ = best.count;
  for (int i = 0; i < count_; ++i) {
    tokens_[i] = {best.ids[1 + i], 0, 0, best.log_probabilities[1 + i]};
  }
  if (timed()) Align();
  stable_ = final ? count_ : std::max(stable_, Agreed());
  for (int i = 0; i < count_; ++i) previous_[i] = tokens_[i].id;
  previous_count_ = count_;
}

void AttentionSearch::Greedy(Workspace& work, int limit, bool final) {
  Hypothesis& best = hypotheses_[0];
  const DecoderConfig& config = decoder_.config();
  // While the memory still grows, a step that looks for its token at the very edge, where only half
  // of a word may be, or far back, at words already said, has nothing more to tell (attention as
  // the policy of simultaneous decoding: Papi et al., AlignAtt, Interspeech 2023).
  const bool guarded = !final && decoder_.aligns();
  const int edge = state_.memory_frames - int(kEdgeSeconds / options_.frame_seconds);
  const int back = int(kBackSeconds / options_.frame_seconds);

  // The whole stable prefix runs at once, against the memory as it is now.
  Predict(work, 0, 0);
  EndStableWord(best.logits);
  int furthest = 0;
  for (int step = 0; guarded && step < best.count; ++step) {
    furthest = std::max(furthest, LooksAt(work, step));
  }
  while (true) {
    const int token = work.kernels->argmax(best.logits, config.vocabulary);
    if (token == config.end_token || best.count >= limit) return;
    if (guarded) {
      const int at = LooksAt(work, best.count);
      if (at >= edge || at < furthest - back) return;
      furthest = std::max(furthest, at);
    }
    best.Append(token, best.logits[token] - best.total);
    if (CutLoop(best)) return;
    Predict(work, best.count, 0);
  }
}

// Behind stable tokens only a new word, or the end, may follow: their last word must not grow.
void AttentionSearch::EndStableWord(float* logits) const {
  const DecoderConfig& config = decoder_.config();
  for (int id = 0; stable_ > 0 && id < config.vocabulary; ++id) {
    if (id == config.end_token || tokenizer_.BeginsWord(id)) continue;
    logits[id] = -std::numeric_limits<float>::infinity();
  }
}

// The frame where a step looks for the beginning of the token that it predicts.
int AttentionSearch::LooksAt(Workspace& work, int step) const {
  const float* row = state_.begin_alignment + size_t(step) * state_.max_frames;
  return work.kernels->argmax(row, state_.memory_frames);
}

// Cuts a repetition at the end of the hypothesis down to its first turn, never into stable tokens.
bool AttentionSearch::CutLoop(Hypothesis& hypothesis) const {
  if (options_.keep_loops) return false;
  const int* end = hypothesis.ids + 1 + hypothesis.count;
  for (int period = 1; period <= kLongestLoop; ++period) {
    const int repeats = std::max(kLoopRepeats, 1 + (kLoopExcess + period - 1) / period);
    const int span = repeats * period;
    if (span > hypothesis.count) continue;
    if (!std::equal(end - span, end - period, end - span + period)) continue;
    hypothesis.count = std::max(stable_, hypothesis.count - span + period);
    return true;
  }
  return false;
}

// How many tokens the last two hypotheses agree on, cut back to whole words: in both a new word, or
// nothing, must follow.
int AttentionSearch::Agreed() const {
  const auto ends_word = [&](bool at_end, int id) { return at_end || tokenizer_.BeginsWord(id); };
  int agreed = 0;
  for (int i = 0;; ++i) {
    const bool here = i == count_, there = i == previous_count_;
    // At the end of both the last word may still be going on.
    if (here && there) break;
    if (ends_word(here, here ? 0 : tokens_[i].id) && ends_word(there, there ? 0 : previous_[i])) {
      agreed = i;
    }
    if (here || there || tokens_[i].id != previous_[i]) break;
  }
  return agreed;
}

void AttentionSearch::Align() {
  const int frames = state_.memory_frames;
  const int rows = count_ + 1;
  MonotonePeaks(state_.begin_alignment, state_.max_frames, rows, frames, alignment_, begin_);
  MonotonePeaks(state_.end_alignment, state_.max_frames, rows, frames, alignment_, end_);
  const float frame = float(options_.frame_seconds);
  for (int i = 0; i < count_; ++i) {
    tokens_[i].begin = std::max(0.0f, begin_[i] * frame + kBeginShift);
    tokens_[i].end = std::max(tokens_[i].begin, end_[i + 1] * frame + kEndShift);
  }
}

}  // namespace parrotlet
