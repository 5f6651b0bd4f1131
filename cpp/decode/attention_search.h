// Greedy or beam search with an attention decoder over a memory that grows: after every chunk the
// search goes on from the stable tokens, and words on which two successive hypotheses agree become
// stable (local agreement, Liu et al., Interspeech 2020).
#pragma once

#include <algorithm>

#include "decode/alignment.h"
#include "decode/token_decoder.h"
#include "decode/tokenizer.h"
#include "nn/attention_decoder.h"

namespace parrotlet {

inline constexpr int kMaxBeam = 8;

struct SearchOptions {
  int beam = 1;              // hypotheses of a segment's last search; 1 is greedy
  int partial_beam = 1;      // of those before it
  bool keep_loops = false;   // true: repetition loops are not cut
  bool align = true;         // false: tokens carry no times
  double frame_seconds = 0;  // of the memory
  int max_frames = 0;
};

class AttentionSearch final : public TokenDecoder {
 public:
  AttentionSearch(const AttentionDecoder& decoder, const Tokenizer& tokenizer,
                  const SearchOptions& options);

  void AddNeeds(WorkspaceNeeds& needs) const override;
  void Bind(Arena& arena) override;
  void Reset() override;
  void Extend(Workspace& work, const float* memory, int count) override;
  void Truncate(int frames) override;
  void Update(Workspace& work, bool final) override;
  std::span<const Token> tokens() const override { return {tokens_, size_t(count_)}; }
  int stable() const override { return stable_; }
  bool timed() const override { return options_.align && decoder_.aligns(); }
  int max_tokens() const override { return max_tokens_; }

 private:
  // ids[0] is the start token, ids[1 .. count] are the text.
  struct Hypothesis {
    int* ids = nullptr;
    float* log_probabilities = nullptr;  // of each of ids[1 .. count]
    int count = 0;
    double score = 0;         // sum of log probabilities; finished_: their mean
    float* logits = nullptr;  // of the next token
    float total = 0;          // log of the sum of their exp
    bool live = false;

    void CopyText(const Hypothesis& from, int tokens);
    void Append(int token, float log_probability) {
      ids[++count] = token;
      log_probabilities[count] = log_probability;
    }
  };
  struct Candidate {
    int parent = 0, token = 0;
    double score = 0;
    float log_probability = 0;
  };

  static constexpr int kSpareTokens = 8;    // beyond tokens_per_second, for short segments
  static constexpr int kUnheardFrames = 1;  // audio behind the last whole frame

  int Limit() const;
  void Predict(Workspace& work, int from, int slot);
  void Greedy(Workspace& work, int limit, bool final);
  int LooksAt(Workspace& work, int step) const;
  void EndStableWord(float* logits) const;
  bool CutLoop(Hypothesis& hypothesis) const;
  int Agreed() const;
  void Align();

  int most_hypotheses() const { return std::max(options_.beam, options_.partial_beam); }

  void Beam(Workspace& work, int limit);
  int Candidates(Workspace& work);
  int KeepEnded(int candidates, int count, int prefix, bool all);
  bool Advance(Workspace& work, int candidates, int count);

  const AttentionDecoder& decoder_;
  const Tokenizer& tokenizer_;
  SearchOptions options_;
  int max_tokens_;
  int beam_ = 1;  // of this search
  AttentionDecoder::State state_;
  Hypothesis hypotheses_[kMaxBeam];
  Hypothesis finished_;  // the best ended one so far
  Candidate* candidates_ = nullptr;
  int* previous_ = nullptr;  // the last update's text
  int previous_count_ = 0;
  Token* tokens_ = nullptr;
  float* begin_ = nullptr;  // [max_tokens + 1]: frames, by alignment
  float* end_ = nullptr;
  AlignmentScratch alignment_;
  int count_ = 0, stable_ = 0;
};

}  // namespace parrotlet
