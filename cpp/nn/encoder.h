// The streaming encoder: front end, stackers and blocks in the order the model gives. Each piece of
// audio is computed once, but for the frames at a chunk's end where look-ahead is asked for: these
// run through the blocks again beside the next chunk (the right context of Emformer, Shi et al.,
// ICASSP 2021, of which we do not drop but use the first outputs). Any cutting of the samples gives
// the same bits: chunks lie on a grid that starts with the segment.
#pragma once

#include <memory>
#include <vector>

#include "core/arena.h"
#include "model/config.h"
#include "nn/conformer_block.h"
#include "nn/front_end.h"
#include "nn/positions.h"
#include "nn/strided_conv.h"

namespace parrotlet {

// The most output frames of a segment: alignments count them in 16 bits.
inline constexpr int kMaxSegmentFrames = 1 << 16;

// How one session runs the encoder.
struct EncoderPlan {
  AttentionSpan span = AttentionSpan::kFull;
  int chunk_frames = 0;        // frames gathered before the blocks run; 0: none are awaited
  int lookahead_frames = 0;    // at a chunk's end, that run again with the next chunk
  bool whole_segment = false;  // the chunk is the whole segment, and never full before its end
  int max_frames = 0;          // of a segment, at the output
  int64_t max_samples = 0;
  double delay_seconds = 0;  // algorithmic delay of a frame's first output
  int64_t lag_samples = 0;   // from the end of a frame to when it enters the first block
};

class Encoder {
 public:
  struct State {
    FrontEnd::State front_end;
    std::vector<StridedConv::State> stackers;
    std::vector<ConformerBlock::State> blocks;
    float* frames = nullptr;  // the front end's output
    float* rows = nullptr;    // what runs through the layers, in place
    float* chunk = nullptr;   // frames gathered for the blocks
    float* again = nullptr;   // the last of them, while the blocks run in place
    int chunk_count = 0;
    int64_t gathered = 0;     // frames that came to the first block, in all
    int settled = 0;          // frames of output that will not change any more
    int provisional = 0;      // frames behind them that run again with the next chunk
    State* second = nullptr;  // a second pass that gathers the same frames for its own blocks

    int total() const { return settled + provisional; }
  };

  void Load(Weights& weights, const Config& config);

  // chunk_frames: 0 the model's own, -1 the whole segment, else one of the model's choices.
  // lookahead_frames: 0 the model's own (none where there are no chunks), -1 none, else up to
  // kMaxLookahead. Errors: kInvalidArgument, kModelTooLarge.
  Result<EncoderPlan> Plan(int chunk_frames, int lookahead_frames,
                           double max_segment_seconds) const;

  void AddNeeds(WorkspaceNeeds& needs, const EncoderPlan& plan) const;
  Status Bind(Arena& arena, State& state, const Kernels& kernels, const EncoderPlan& plan) const;
  void Reset(State& state) const;

  // Takes up to FrontEnd::kMaxSamples samples of the segment. Frames that they complete are written
  // to memory [plan.max_frames][dim], which then has state.total() of them: those from what
  // state.settled was before are new. Returns whether there are any. A segment has at most
  // plan.max_samples samples.
  bool Step(State& state, Workspace& work, const EncoderPlan& plan, const float* samples, int count,
            float* memory) const;

  // How many samples of the segment there must be for the next chunk to be full.
  int64_t ChunkEnd(const State& state, const EncoderPlan& plan) const {
    const int missing = state.provisional + plan.chunk_frames - state.chunk_count;
    return (state.gathered + missing) * block_frame_samples_ + plan.lag_samples;
  }

  // The segment ends: what the front end and the stackers still hold goes to the chunk (and as in
  // Step to memory, where that makes it full).
  void Drain(State& state, Workspace& work, const EncoderPlan& plan, float* memory) const;

  // After Drain: the blocks, over what was gathered since the last chunk; all frames are settled
  // then. The only step of a State that another one's `second` names: it is bound to a plan of
  // whole segments, and its front end hears nothing.
  void RunGathered(State& state, Workspace& work, const EncoderPlan& plan, float* memory) const;

  int dim() const { return config_.dim; }
  double frame_seconds() const { return double(frame_samples_) / sample_rate_; }
  int frame_samples() const { return frame_samples_; }
  int window_samples() const { return front_end_.window_samples(); }
  const EncoderConfig& config() const { return config_; }

 private:
  struct Layer {
    EncoderLayerConfig config;
    int index = 0;  // among the stackers or the blocks
  };

  Status PlanChunks(int chunk_frames, int lookahead_frames, EncoderPlan& plan) const;
  BlockReach ReachOf(const EncoderPlan& plan, const Layer& layer, int max_in) const;
  template <typename Visit>
  int VisitBounds(const EncoderPlan& plan, Visit&& visit) const;

  bool Take(State& state, Workspace& work, const EncoderPlan& plan, int frames,
            float* memory) const;
  bool Gather(State& state, Workspace& work, const EncoderPlan& plan, int count,
              float* memory) const;
  void Append(State& state, const float* rows, int count) const;
  void RunChunk(State& state, Workspace& work, const EncoderPlan& plan, float* memory) const;
  bool RunBlocks(State& state, Workspace& work, const EncoderPlan& plan, size_t from, float* rows,
                 int count, int provisional, float* memory) const;
  int StepLayer(State& state, Workspace& work, const EncoderPlan& plan, const Layer& layer,
                float* rows, int count, int provisional) const;
  int FlushLayer(State& state, Workspace& work, const EncoderPlan& plan, const Layer& layer,
                 float* rows) const;

  EncoderConfig config_;
  FrontEnd front_end_;
  Linear input_;
  bool has_input_ = false;
  std::vector<Layer> layers_;
  std::vector<StridedConv> stackers_;
  std::vector<ConformerBlock> blocks_;
  LayerNorm norm_;
  Sinusoid sinusoid_;
  size_t first_block_ = 0;  // layers before it are stackers, run as frames come
  int sample_rate_ = 16000;
  int frame_samples_ = 1;        // of an output frame
  int block_frame_samples_ = 1;  // of a frame that enters the first block
};

}  // namespace parrotlet
