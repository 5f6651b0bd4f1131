#include "decode/ctc_greedy.h"

#include <algorithm>

namespace parrotlet {

void CtcGreedy::AddNeeds(WorkspaceNeeds& needs) const { output_.linear.AddNeeds(needs); }

void CtcGreedy::Bind(Arena& arena) {
  scores_ = arena.Take<float>(size_t(kRowBlock) * output_.linear.weight().padded_cols());
  tokens_ = arena.Take<Token>(max_frames_);
}

void CtcGreedy::Reset() {
  count_ = stable_ = frames_ = 0;
  previous_ = -1;
}

void CtcGreedy::Extend(Workspace& work, const float* memory, int count) {
  const int stride = output_.linear.weight().padded_cols();
  const int dim = output_.linear.inputs();
  for (int row = 0; row < count; row += kRowBlock) {
    const int block = std::min(kRowBlock, count - row);
    output_.linear.Run(work, {memory + size_t(row) * dim, dim}, block, {scores_, stride});
    for (int i = 0; i < block; ++i, ++frames_) {
      AddFrame(work, scores_ + size_t(i) * stride);
    }
  }
}

// A token is as probable as in its best frame.
void CtcGreedy::AddFrame(Workspace& work, const float* scores) {
  const int vocabulary = output_.config.vocabulary;
  const int best = work.kernels->argmax(scores, vocabulary);
  const bool repeated = best == previous_ && count_ > 0;
  previous_ = best;
  if (best == output_.config.blank) return;
  const float log_probability = scores[best] - work.kernels->log_sum_exp(scores, vocabulary);
  const float end = float(frames_ + 1) * frame_seconds_;
  if (repeated) {
    Token& token = tokens_[count_ - 1];
    token.end = end;
    token.log_probability = std::max(token.log_probability, log_probability);
  } else {
    tokens_[count_++] = {best, float(frames_) * frame_seconds_, end, log_probability};
  }
}

void CtcGreedy::Truncate(int frames) {
  const float end = float(frames) * frame_seconds_;
  while (count_ > stable_ && tokens_[count_ - 1].begin >= end) --count_;
}

void CtcGreedy::Update(Workspace&, bool final) {
  if (final) {
    stable_ = count_;
    return;
  }
  for (int i = count_ - 1; i > stable_; --i) {
    if (tokenizer_.BeginsWord(tokens_[i].id)) {
      stable_ = i;
      break;
    }
  }
}

}  // namespace parrotlet
