// The attention decoder's network: tokens so far and the encoder's memory in, scores of the next
// token out. What to do with the scores is decode/'s business.
#pragma once

#include <vector>

#include "core/arena.h"
#include "model/config.h"
#include "nn/attention.h"
#include "nn/feed_forward.h"
#include "nn/positions.h"

namespace parrotlet {

class AttentionDecoder {
 public:
  // One segment's caches. Hypotheses share the memory's keys and values; each has its own tokens'.
  struct State {
    std::vector<KeyValueRing> cross;  // [layers]
    int memory_frames = 0;
    std::vector<KeyValueRing> self;  // [hypotheses][layers]
    int hypotheses = 1;
    int max_tokens = 0;
    float* x = nullptr;      // [kRowBlock][dim]
    float* query = nullptr;  // [kRowBlock][dim]
    // [max_tokens][max_frames], of hypothesis 0: where the step that predicts a token looks for the
    // token's beginning, and for the end of the one before it.
    float* begin_alignment = nullptr;
    float* end_alignment = nullptr;
    int max_frames = 0;
  };

  void Load(Weights& weights, const DecoderConfig& config, int memory_dim);
  void AddNeeds(WorkspaceNeeds& needs, int max_frames, int max_tokens) const;
  void Bind(Arena& arena, State& state, int max_frames, int max_tokens, int hypotheses) const;

  // Forgets the memory (and with it all tokens).
  void Reset(State& state) const { state.memory_frames = 0; }

  // Adds frames [count][memory_dim] to the memory.
  void Extend(State& state, Workspace& work, const float* memory, int count) const;

  // Runs `count` tokens of hypothesis `hypothesis` at positions `position`.. against the memory as
  // it is now; the tokens before must have been run. Writes the last one's scores to logits
  // [vocabulary] (padded to a multiple of 16) unless that is null, and each one's alignments where
  // the hypothesis is 0.
  void Run(State& state, Workspace& work, const int* tokens, int count, int position,
           int hypothesis, float* logits) const;

  // Makes hypothesis `to` a copy of `from` up to `tokens` tokens.
  void CopyHypothesis(State& state, int from, int to, int tokens) const;

  bool aligns() const { return !config_.alignment_heads.empty(); }
  const DecoderConfig& config() const { return config_; }
  int padded_vocabulary() const { return RoundUp(config_.vocabulary, kTileCols); }

 private:
  struct Layer {
    LayerNorm self_norm, cross_norm;
    Linear self_qkv, self_out, cross_query, cross_key_value, cross_out;
    FeedForward feed_forward;
    std::vector<float> begin_share, end_share;  // [heads]: weight in the alignments, mostly 0
  };

  void SelfAttention(State& state, Workspace& work, size_t layer, int rows, int position,
                     int hypothesis) const;
  void CrossAttention(State& state, Workspace& work, size_t layer, int rows, int position,
                      bool align) const;

  DecoderConfig config_;
  int memory_dim_ = 0;
  Rotary rotary_;
  Linear embedding_;  // also the output
  LayerNorm norm_;
  std::vector<Layer> layers_;
};

}  // namespace parrotlet
