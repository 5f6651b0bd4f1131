// One block of the encoder: attention, optional causal convolution, feed-forward, each with its
// norm and residual; with half-step feed-forwards around them it is a Conformer's (arXiv
// 2005.08100).
#pragma once

#include <string>

#include "core/arena.h"
#include "model/config.h"
#include "nn/attention.h"
#include "nn/conv_module.h"
#include "nn/feed_forward.h"
#include "nn/positions.h"

namespace parrotlet {

// How far a block sees and how much it is fed at once; the same for all sessions of one kind.
struct BlockReach {
  AttentionSpan span = AttentionSpan::kFull;
  int left = 0;       // past frames; all of the segment under kFull
  int lookahead = 0;  // kFrames: frames awaited. Under kChunk and kFull a step is what sees itself.
  int max_in = 0;     // most frames of one step
  int max_frames = 0;  // kFull: the longest segment
  bool again = false;  // kChunk: the last frames of a step may come again
};

class ConformerBlock {
 public:
  // A frame waits here until its look-ahead has come: the residual and the query stand still while
  // keys and values run on (Streaming Parrotron's residual delay).
  struct State {
    KeyValueRing ring;
    float* waiting = nullptr;  // [lookahead + max_in][dim]: inputs not yet answered, oldest first
    float* query = nullptr;    // [lookahead + max_in][dim]
    int waiting_count = 0;
    int64_t received = 0;  // frames since the start
    ConvModule::State conv;
  };

  void Load(Weights& weights, const std::string& name, const EncoderConfig& config, int bias_cols);
  void AddNeeds(WorkspaceNeeds& needs, const BlockReach& reach) const;
  void Bind(Arena& arena, State& state, const BlockReach& reach) const;
  void Reset(State& state) const;

  // Takes `count` frames [count][dim] (at most reach.max_in), writes the frames now complete and
  // returns how many. Under kChunk and kFull the frames of one step see each other. The last
  // `provisional` of them (kChunk only) leave no trace in the state: they will come again.
  int Step(State& state, Workspace& work, const BlockReach& reach, const float* in, int count,
           int provisional, float* out) const;

  // End of input: answers the frames that still wait; at most reach.lookahead.
  int Flush(State& state, Workspace& work, const BlockReach& reach, float* out) const;

 private:
  int Emit(State& state, Workspace& work, const BlockReach& reach, int count, int provisional,
           float* out) const;
  Window WindowOf(const BlockReach& reach, int64_t query, int64_t received) const;

  int dim_ = 0, heads_ = 0;
  Rotary rotary_;
  int bias_cols_ = 0, bias_left_ = 0;
  const float* relative_bias_ = nullptr;
  FeedForward half_, feed_forward_;
  LayerNorm attention_norm_, final_norm_;
  Linear qkv_, attention_out_;
  ConvModule conv_;
};

}  // namespace parrotlet
