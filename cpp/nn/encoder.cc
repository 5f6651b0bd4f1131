#include "nn/encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace parrotlet {

void Encoder::Load(Weights& weights, const Config& config) {
  config_ = config.encoder;
  sample_rate_ = config.sample_rate;
  const int dim = config_.dim;
  sinusoid_.Configure(dim);
  front_end_.Load(weights, config);
  frame_samples_ = front_end_.frame_samples();
  has_input_ = front_end_.width() != dim;
  if (has_input_) input_.Load(weights, "encoder.input", dim, front_end_.width());

  const int chunk =
      config_.chunk_choices.empty() ? config_.chunk_frames : config_.chunk_choices.back();
  layers_.clear();
  stackers_.clear();
  blocks_.clear();
  first_block_ = config_.layers.size();
  for (size_t i = 0; i < config_.layers.size(); ++i) {
    const EncoderLayerConfig& layer = config_.layers[i];
    const std::string name = "encoder.layers." + std::to_string(i);
    if (layer.kind == EncoderLayerConfig::Kind::kStacker) {
      StridedConvShape shape;
      shape.in_dim = shape.out_dim = dim;
      shape.kernel = layer.past + 1 + layer.future;
      shape.stride = layer.stride;
      shape.left_zeros = layer.past;
      shape.right_zeros = layer.future;
      layers_.push_back({layer, int(stackers_.size())});
      stackers_.emplace_back().Load(weights, name + ".stack", shape);
      frame_samples_ *= layer.stride;
    } else {
      if (first_block_ > i) {
        first_block_ = i;
        block_frame_samples_ = frame_samples_;
      }
      layers_.push_back({layer, int(blocks_.size())});
      const int ahead = config_.span == AttentionSpan::kChunk ? chunk - 1 : layer.lookahead;
      blocks_.emplace_back().Load(weights, name, config_, config_.left_frames + 1 + ahead);
    }
  }
  if (blocks_.empty()) block_frame_samples_ = frame_samples_;
  norm_.LoadOptional(weights, "encoder.norm", dim, config_.norm_epsilon);
  for (size_t i = first_block_; i < layers_.size(); ++i) {
    // Behind it a chunk would have another number of frames.
    if (config_.span != AttentionSpan::kChunk ||
        config_.layers[i].kind != EncoderLayerConfig::Kind::kStacker) {
      continue;
    }
    weights.Fail(Status::Error(Code::kModelUnsupported,
                               "encoder.layers[%zu]: under span \"chunk\" stackers should stand "
                               "before the first block",
                               i));
  }
}

Result<EncoderPlan> Encoder::Plan(int chunk_frames, int lookahead_frames,
                                  double max_segment_seconds) const {
  EncoderPlan plan;
  plan.span = config_.span;
  plan.max_samples = int64_t(std::ceil(max_segment_seconds * sample_rate_));
  const int64_t max_frames = plan.max_samples / frame_samples_ + 2;
  if (max_frames > kMaxSegmentFrames) {
    return Status::Error(Code::kModelTooLarge,
                         "a segment of %g s would have %lld frames, more than %d; ask for shorter "
                         "segments (maxSegmentSeconds)",
                         max_segment_seconds, static_cast<long long>(max_frames),
                         kMaxSegmentFrames);
  }
  plan.max_frames = int(max_frames);
  if (chunk_frames < -1) {
    return Status::Error(Code::kInvalidArgument,
                         "a chunk should have a positive number of frames, or -1 for the whole "
                         "segment, not %d",
                         chunk_frames);
  }

  if (lookahead_frames > 0 && (config_.span != AttentionSpan::kChunk || chunk_frames == -1)) {
    return Status::Error(Code::kInvalidArgument,
                         "look-ahead (lookAheadMs) is between chunks, and %s",
                         config_.span == AttentionSpan::kChunk ? "a whole segment is a single one"
                                                               : "this model has no chunks");
  }

  if (config_.span == AttentionSpan::kFull || chunk_frames == -1) {
    if (config_.span == AttentionSpan::kFrames) {
      return Status::Error(Code::kInvalidArgument,
                           "this model looks ahead frame by frame and has no chunk to choose");
    }
    if (config_.span == AttentionSpan::kChunk && config_.positions == Positions::kRelativeBias) {
      return Status::Error(Code::kInvalidArgument,
                           "this model's relative positions end with its chunks; the whole segment "
                           "cannot be one");
    }
    if (config_.span == AttentionSpan::kFull && chunk_frames > 0) {
      return Status::Error(Code::kInvalidArgument,
                           "this model hears whole segments and has no chunk to choose");
    }
    plan.chunk_frames = int(plan.max_samples / block_frame_samples_) + 2;
    plan.whole_segment = true;
    plan.delay_seconds = max_segment_seconds;
    return plan;
  }

  int64_t period = front_end_.frame_samples();
  int64_t delay = front_end_.window_samples() - period;
  plan.lag_samples = front_end_.window_samples() - block_frame_samples_;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const EncoderLayerConfig& layer = layers_[i].config;
    if (i < first_block_) plan.lag_samples += layer.future * period;
    if (layer.kind == EncoderLayerConfig::Kind::kStacker) {
      // Of R frames awaited, stride - 1 come in the same step (PAPERS 3.3).
      delay += std::max(0, layer.future - (layer.stride - 1)) * period;
      period *= layer.stride;
    } else if (config_.span == AttentionSpan::kFrames) {
      delay += layer.lookahead * period;
    }
  }
  plan.delay_seconds = double(delay) / sample_rate_;
  if (front_end_.needs_whole_segment()) plan.delay_seconds = max_segment_seconds;
  if (config_.span == AttentionSpan::kFrames) {
    if (chunk_frames > 0) {
      return Status::Error(Code::kInvalidArgument,
                           "this model looks ahead frame by frame and has no chunk to choose");
    }
    return plan;
  }

  const Status status = PlanChunks(chunk_frames, lookahead_frames, plan);
  if (!status.ok()) return status;
  if (!front_end_.needs_whole_segment()) {
    plan.delay_seconds += (plan.chunk_frames - 1) * frame_seconds();
  }
  return plan;
}

Status Encoder::PlanChunks(int chunk_frames, int lookahead_frames, EncoderPlan& plan) const {
  plan.chunk_frames = chunk_frames == 0 ? config_.chunk_frames : chunk_frames;
  const std::vector<int>& choices = config_.chunk_choices;
  if (plan.chunk_frames != config_.chunk_frames &&
      std::find(choices.begin(), choices.end(), plan.chunk_frames) == choices.end()) {
    return Status::Error(Code::kInvalidArgument,
                         "the model was not made for chunks of %d frames; its description lists "
                         "the choices",
                         plan.chunk_frames);
  }
  const int lookahead = lookahead_frames == 0 ? config_.lookahead_frames : lookahead_frames;
  plan.lookahead_frames = std::max(0, lookahead);
  if (lookahead < -1 || lookahead > kMaxLookahead) {
    return Status::Error(Code::kInvalidArgument, "look-ahead should be 0 to %g ms, not %g",
                         kMaxLookahead * frame_seconds() * 1e3, lookahead * frame_seconds() * 1e3);
  }
  if (plan.lookahead_frames > 0 && config_.positions == Positions::kRelativeBias) {
    return Status::Error(Code::kInvalidArgument,
                         "this model's relative positions end with its chunks; it cannot look "
                         "ahead of them (lookAheadMs)");
  }
  return {};
}

BlockReach Encoder::ReachOf(const EncoderPlan& plan, const Layer& layer, int max_in) const {
  BlockReach reach;
  reach.span = plan.span;
  reach.left = config_.left_frames;
  reach.lookahead = plan.span == AttentionSpan::kFrames ? layer.config.lookahead : 0;
  reach.max_in = max_in;
  reach.max_frames = plan.chunk_frames;
  reach.again = plan.lookahead_frames > 0;
  return reach;
}

// Calls visit(layer, most rows that a step or flush feeds to it) in order; returns the most rows
// anywhere.
template <typename Visit>
int Encoder::VisitBounds(const EncoderPlan& plan, Visit&& visit) const {
  int rows = front_end_.MaxOutputs();
  int most = rows;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    if (i == first_block_ && plan.chunk_frames > 0) {
      rows = plan.chunk_frames + plan.lookahead_frames;
    }
    visit(layer, rows);
    if (layer.config.kind == EncoderLayerConfig::Kind::kStacker) {
      rows = stackers_[layer.index].MaxOutputs(rows + layer.config.future);
    } else if (plan.span == AttentionSpan::kFrames) {
      rows = std::max(rows, layer.config.lookahead);
    }
    most = std::max(most, rows);
  }
  return std::max(most, plan.chunk_frames + plan.lookahead_frames);
}

void Encoder::AddNeeds(WorkspaceNeeds& needs, const EncoderPlan& plan) const {
  front_end_.AddNeeds(needs);
  if (has_input_) input_.AddNeeds(needs);
  VisitBounds(plan, [&](const Layer& layer, int max_in) {
    if (layer.config.kind == EncoderLayerConfig::Kind::kStacker) {
      stackers_[layer.index].AddNeeds(needs);
    } else {
      blocks_[layer.index].AddNeeds(needs, ReachOf(plan, layer, max_in));
    }
  });
}

Status Encoder::Bind(Arena& arena, State& state, const Kernels& kernels,
                     const EncoderPlan& plan) const {
  state.stackers.resize(stackers_.size());
  state.blocks.resize(blocks_.size());
  const int most = VisitBounds(plan, [&](const Layer& layer, int max_in) {
    if (layer.config.kind == EncoderLayerConfig::Kind::kStacker) {
      stackers_[layer.index].Bind(arena, state.stackers[layer.index], max_in);
    } else {
      blocks_[layer.index].Bind(arena, state.blocks[layer.index], ReachOf(plan, layer, max_in));
    }
  });
  state.frames = arena.Take<float>(size_t(front_end_.MaxOutputs()) * front_end_.width());
  state.rows = arena.Take<float>(size_t(most) * config_.dim);
  state.chunk = arena.Take<float>(size_t(plan.chunk_frames + plan.lookahead_frames) * config_.dim);
  state.again = arena.Take<float>(size_t(plan.lookahead_frames) * config_.dim);
  return front_end_.Bind(arena, state.front_end, kernels, plan.max_samples);
}

void Encoder::Reset(State& state) const {
  front_end_.Reset(state.front_end);
  for (size_t i = 0; i < stackers_.size(); ++i) stackers_[i].Reset(state.stackers[i]);
  for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i].Reset(state.blocks[i]);
  state.chunk_count = 0;
  state.gathered = 0;
  state.settled = 0;
  state.provisional = 0;
}

bool Encoder::Step(State& state, Workspace& work, const EncoderPlan& plan, const float* samples,
                   int count, float* memory) const {
  return Take(state, work, plan,
              front_end_.Step(state.front_end, work, samples, count, state.frames), memory);
}

void Encoder::Drain(State& state, Workspace& work, const EncoderPlan& plan, float* memory) const {
  while (const int frames = front_end_.Flush(state.front_end, work, state.frames)) {
    Take(state, work, plan, frames, memory);
  }
  for (size_t i = 0; i < first_block_; ++i) {
    int rows = FlushLayer(state, work, plan, layers_[i], state.rows);
    for (size_t j = i + 1; j < first_block_; ++j) {
      rows = StepLayer(state, work, plan, layers_[j], state.rows, rows, 0);
    }
    Gather(state, work, plan, rows, memory);
  }
}

void Encoder::RunGathered(State& state, Workspace& work, const EncoderPlan& plan,
                          float* memory) const {
  const int dim = config_.dim;
  int rows = state.chunk_count;
  state.chunk_count = 0;
  std::memcpy(state.rows, state.chunk, sizeof(float) * rows * dim);
  // Under full attention a block must see the frames that a stacker held back beside the others.
  const bool together = plan.span == AttentionSpan::kFull;
  for (size_t i = first_block_; i < layers_.size(); ++i) {
    if (together) {
      rows = StepLayer(state, work, plan, layers_[i], state.rows, rows, 0);
    } else {
      RunBlocks(state, work, plan, i, state.rows, rows, 0, memory);
      rows = 0;
    }
    rows += FlushLayer(state, work, plan, layers_[i], state.rows + size_t(rows) * dim);
  }
  RunBlocks(state, work, plan, layers_.size(), state.rows, rows, 0, memory);
}

// The front end's `frames` frames through the projection and the leading stackers.
bool Encoder::Take(State& state, Workspace& work, const EncoderPlan& plan, int frames,
                   float* memory) const {
  if (has_input_) {
    input_.Run(work, {state.frames, front_end_.width()}, frames, {state.rows, config_.dim});
  } else {
    std::memcpy(state.rows, state.frames, sizeof(float) * frames * config_.dim);
  }
  int rows = frames;
  for (size_t i = 0; i < first_block_; ++i) {
    rows = StepLayer(state, work, plan, layers_[i], state.rows, rows, 0);
  }
  return Gather(state, work, plan, rows, memory);
}

// `count` rows stand in state.rows, ready for the first block: run them as soon as a chunk is full.
bool Encoder::Gather(State& state, Workspace& work, const EncoderPlan& plan, int count,
                     float* memory) const {
  const int dim = config_.dim;
  if (config_.positions == Positions::kSinusoidal) {
    for (int row = 0; row < count; ++row) {
      sinusoid_.Add(state.rows + size_t(row) * dim, 1.0f, state.gathered + row);
    }
  }
  state.gathered += count;
  if (plan.chunk_frames == 0) {
    return RunBlocks(state, work, plan, first_block_, state.rows, count, 0, memory);
  }
  if (state.second != nullptr) Append(*state.second, state.rows, count);
  bool written = false;
  for (int row = 0; row < count;) {
    const int full = state.provisional + plan.chunk_frames;
    const int taken = std::min(count - row, full - state.chunk_count);
    Append(state, state.rows + size_t(row) * dim, taken);
    row += taken;
    if (state.chunk_count < full) break;
    RunChunk(state, work, plan, memory);
    written = true;
  }
  return written;
}

// The chunk is full: runs the blocks over it, and keeps what is to run again with the next one.
void Encoder::RunChunk(State& state, Workspace& work, const EncoderPlan& plan,
                       float* memory) const {
  const int count = state.chunk_count;
  const int again = std::min(count, plan.lookahead_frames);
  const size_t bytes = sizeof(float) * again * config_.dim;
  std::memcpy(state.again, state.chunk + size_t(count - again) * config_.dim, bytes);
  RunBlocks(state, work, plan, first_block_, state.chunk, count, again, memory);
  std::memcpy(state.chunk, state.again, bytes);
  state.chunk_count = again;
}

void Encoder::Append(State& state, const float* rows, int count) const {
  std::memcpy(state.chunk + size_t(state.chunk_count) * config_.dim, rows,
              sizeof(float) * count * config_.dim);
  state.chunk_count += count;
}

// Layers `from` to the last, in place on `rows`, then the final norm and positions into memory,
// behind the settled frames. The last `provisional` rows will come again.
bool Encoder::RunBlocks(State& state, Workspace& work, const EncoderPlan& plan, size_t from,
                        float* rows, int count, int provisional, float* memory) const {
  for (size_t i = from; i < layers_.size() && count > 0; ++i) {
    count = StepLayer(state, work, plan, layers_[i], rows, count, provisional);
  }
  if (count == 0) return false;
  const int dim = config_.dim;
  float* fresh = memory + size_t(state.settled) * dim;
  if (norm_.present()) {
    norm_.Run(work, rows, count, fresh);
  } else {
    std::memcpy(fresh, rows, sizeof(float) * count * dim);
  }
  for (int row = 0; row < count && config_.memory_position_scale != 0; ++row) {
    sinusoid_.Add(fresh + size_t(row) * dim, config_.memory_position_scale, state.settled + row);
  }
  state.settled += count - provisional;
  state.provisional = provisional;
  return true;
}

// Layers read all of their input before they write, so both may run in place.
int Encoder::StepLayer(State& state, Workspace& work, const EncoderPlan& plan, const Layer& layer,
                       float* rows, int count, int provisional) const {
  if (layer.config.kind == EncoderLayerConfig::Kind::kStacker) {
    return stackers_[layer.index].Step(state.stackers[layer.index], work, rows, count, rows);
  }
  return blocks_[layer.index].Step(state.blocks[layer.index], work, ReachOf(plan, layer, count),
                                   rows, count, provisional, rows);
}

int Encoder::FlushLayer(State& state, Workspace& work, const EncoderPlan& plan, const Layer& layer,
                        float* rows) const {
  if (layer.config.kind == EncoderLayerConfig::Kind::kStacker) {
    return stackers_[layer.index].Flush(state.stackers[layer.index], work, rows);
  }
  return blocks_[layer.index].Flush(state.blocks[layer.index], work, ReachOf(plan, layer, 0), rows);
}

}  // namespace parrotlet
