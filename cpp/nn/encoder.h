// The streaming encoder: front end, stackers and blocks in the order the model gives, each piece of
// audio computed once. Any cutting of the samples gives the same bits: chunks lie on a grid that
// starts with the segment.
#pragma once

#include <memory>
#include <vector>

#include "core/arena.h"
#include "model/config.h"
#include "nn/conformer_block.h"
#include "nn/front_end.h"
#include "nn/strided_conv.h"

namespace parrotlet {

// The most output frames of a segment: alignments count them in 16 bits.
inline constexpr int kMaxSegmentFrames = 1 << 16;

// How one session runs the encoder.
struct EncoderPlan {
  AttentionSpan span = AttentionSpan::kFull;
  int chunk_frames = 0;        // frames gathered before the blocks run; 0: none are awaited
  bool whole_segment = false;  // the chunk is the whole segment, and never full before its end
  int max_frames = 0;          // of a segment, at the output
  int64_t max_samples = 0;
  double delay_seconds = 0;  // algorithmic delay
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
    int chunk_count = 0;
    int64_t positions = 0;    // frames that got their sinusoid
    int64_t written = 0;      // frames of output so far
    State* second = nullptr;  // a second pass that gathers the same frames for its own blocks
  };

  void Load(Weights& weights, const Config& config);

  // chunk_frames: 0 the model's own, -1 the whole segment, else one of the model's choices. Errors:
  // kInvalidArgument, kModelTooLarge.
  Result<EncoderPlan> Plan(int chunk_frames, double max_segment_seconds) const;

  void AddNeeds(WorkspaceNeeds& needs, const EncoderPlan& plan) const;
  Status Bind(Arena& arena, State& state, const Kernels& kernels, const EncoderPlan& plan) const;
  void Reset(State& state) const;

  // Takes up to FrontEnd::kMaxSamples samples of the segment; writes the frames now complete to
  // memory [n][dim], returns n. A segment has at most plan.max_samples samples, and they make at
  // most plan.max_frames frames in all.
  int Step(State& state, Workspace& work, const EncoderPlan& plan, const float* samples, int count,
           float* memory) const;

  // The segment ends: writes the rest and returns how many frames that was.
  int Flush(State& state, Workspace& work, const EncoderPlan& plan, float* memory) const;

  // The blocks, over the frames gathered since the last chunk; returns how many frames it wrote.
  // What is left of Flush for a State that another one's `second` names: it is bound to a plan of
  // whole segments, and its front end hears nothing.
  int RunGathered(State& state, Workspace& work, const EncoderPlan& plan, float* memory) const;

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

  BlockReach ReachOf(const EncoderPlan& plan, const Layer& layer, int max_in) const;
  template <typename Visit>
  int VisitBounds(const EncoderPlan& plan, Visit&& visit) const;

  int Take(State& state, Workspace& work, const EncoderPlan& plan, int frames, float* memory) const;
  int Gather(State& state, Workspace& work, const EncoderPlan& plan, int count,
             float* memory) const;
  void Append(State& state, const float* rows, int count) const;
  int RunBlocks(State& state, Workspace& work, const EncoderPlan& plan, size_t from, float* rows,
                int count, float* memory) const;
  int StepLayer(State& state, Workspace& work, const EncoderPlan& plan, const Layer& layer,
                float* rows, int count) const;
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
  size_t first_block_ = 0;  // layers before it are stackers, run as frames come
  int sample_rate_ = 16000;
  int frame_samples_ = 1;        // of an output frame
  int block_frame_samples_ = 1;  // of a frame that enters the first block
};

}  // namespace parrotlet
