// Greedy CTC: the best token of every frame, repeats merged, blanks dropped (Graves et al. 2006).
#pragma once

#include <string>

#include "decode/token_decoder.h"
#include "decode/tokenizer.h"
#include "model/config.h"
#include "nn/linear.h"

namespace parrotlet {

// The output layer's weights; shared by all sessions.
struct CtcOutput {
  CtcConfig config;
  Linear linear;

  void Load(Weights& weights, const CtcConfig& ctc, int memory_dim) {
    config = ctc;
    linear.Load(weights, "ctc", ctc.vocabulary, memory_dim);
  }
};

// Every token is final as soon as its frame is heard; a word is stable once the next one begins.
class CtcGreedy final : public TokenDecoder {
 public:
  CtcGreedy(const CtcOutput& output, const Tokenizer& tokenizer, int max_frames,
            double frame_seconds)
      : output_(output),
        tokenizer_(tokenizer),
        max_frames_(max_frames),
        frame_seconds_(float(frame_seconds)) {}

  void AddNeeds(WorkspaceNeeds& needs) const override;
  void Bind(Arena& arena) override;
  void Reset() override;
  void Extend(Workspace& work, const float* memory, int count) override;
  void Truncate(int frames) override;
  void Update(Workspace& work, bool final) override;
  std::span<const Token> tokens() const override { return {tokens_, size_t(count_)}; }
  int stable() const override { return stable_; }
  bool timed() const override { return true; }
  int max_tokens() const override { return max_frames_; }

 private:
  void AddFrame(Workspace& work, const float* scores);

  const CtcOutput& output_;
  const Tokenizer& tokenizer_;
  int max_frames_;
  float frame_seconds_;
  float* scores_ = nullptr;  // [kRowBlock][padded vocabulary]
  Token* tokens_ = nullptr;  // [max_frames]
  int count_ = 0, stable_ = 0, frames_ = 0;
  int previous_ = -1;  // the last frame's best
};

}  // namespace parrotlet
