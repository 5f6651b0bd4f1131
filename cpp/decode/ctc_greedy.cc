#include "decode/ctc_greedy.h"

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
    output_.linear.Run(work, memory + size_t(row) * dim, dim, block, scores_, stride);
    for (int i = 0; i < block; ++i, ++frames_) {
      const int best =
          work.kernels->argmax(scores_ + size_t(i) * stride, output_.config.vocabulary);
      if (best == previous_ && count_ > 0 && best != output_.config.blank) {
        tokens_[count_ - 1].end = float(frames_ + 1) * frame_seconds_;
      } else if (best != output_.config.blank) {
        tokens_[count_++] = {best, float(frames_) * frame_seconds_,
                             float(frames_ + 1) * frame_seconds_};
      }
      previous_ = best;
    }
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
