#include "nn/conformer_block.h"

#include <cstring>

namespace parrotlet {

void ConformerBlock::Load(Weights& weights, const std::string& name, const EncoderConfig& config,
                          int bias_cols) {
  dim_ = config.dim;
  heads_ = config.heads;
  if (config.positions == Positions::kRotary) {
    rotary_.Configure(config.rotary_dims, config.rotary_theta);
  }
  const float epsilon = config.norm_epsilon;
  if (config.half_step_feed_forward) {
    half_.Load(weights, name + ".ff1", dim_, config.feed_forward, config.activation, false,
               epsilon);
  }
  attention_norm_.Load(weights, name + ".attention.norm", dim_, epsilon);
  qkv_.Load(weights, name + ".attention.qkv", 3 * dim_, dim_);
  attention_out_.Load(weights, name + ".attention.out", dim_, dim_);
  if (config.positions == Positions::kRelativeBias) {
    bias_cols_ = bias_cols;
    bias_left_ = config.left_frames;
    relative_bias_ = weights.Floats(name + ".attention.relative_bias", {heads_, bias_cols});
  }
  if (config.conv_kernel > 0) {
    conv_.Load(weights, name + ".conv", dim_, config.conv_kernel, epsilon);
  }
  feed_forward_.Load(weights, name + ".ff", dim_, config.feed_forward, config.activation, false,
                     epsilon);
  if (config.block_norm) final_norm_.Load(weights, name + ".norm", dim_, epsilon);
}

void ConformerBlock::AddNeeds(WorkspaceNeeds& needs, const BlockReach& reach) const {
  qkv_.AddNeeds(needs);
  attention_out_.AddNeeds(needs);
  feed_forward_.AddNeeds(needs);
  if (half_.present()) half_.AddNeeds(needs);
  if (conv_.present()) conv_.AddNeeds(needs);
  needs.wide = std::max(needs.wide, 3 * dim_);
  needs.narrow = std::max(needs.narrow, dim_);
  const int visible = reach.span == AttentionSpan::kFull
                          ? reach.max_frames
                          : reach.left + reach.max_in + reach.lookahead + kRowBlock;
  needs.score_cols = std::max(needs.score_cols, KeyValueRing::CapacityFor(visible));
}

void ConformerBlock::Bind(Arena& arena, State& state, const BlockReach& reach) const {
  const int visible = reach.span == AttentionSpan::kFull
                          ? reach.max_frames
                          : reach.left + reach.max_in + reach.lookahead;
  state.ring.heads = heads_;
  state.ring.head_dim = dim_ / heads_;
  state.ring.capacity = KeyValueRing::CapacityFor(visible);
  state.ring.Bind(arena);
  const size_t frames = reach.lookahead + reach.max_in;
  state.waiting = arena.Take<float>(frames * dim_);
  state.query = arena.Take<float>(frames * dim_);
  if (conv_.present()) conv_.Bind(arena, state.conv, reach.again);
}

void ConformerBlock::Reset(State& state) const {
  state.waiting_count = 0;
  state.received = 0;
  if (conv_.present()) conv_.Reset(state.conv);
}

Window ConformerBlock::WindowOf(const BlockReach& reach, int64_t query, int64_t received) const {
  if (reach.span == AttentionSpan::kFull) return {0, received};
  const int64_t begin = std::max<int64_t>(0, query - reach.left);
  if (reach.span == AttentionSpan::kChunk) return {begin, received};
  return {begin, std::min(received, query + reach.lookahead + 1)};
}

int ConformerBlock::Step(State& state, Workspace& work, const BlockReach& reach, const float* in,
                         int count, int provisional, float* out) const {
  float* fresh = state.waiting + size_t(state.waiting_count) * dim_;
  std::memcpy(fresh, in, sizeof(float) * count * dim_);
  if (half_.present()) half_.Run(work, fresh, count, 0.5f);

  float* query = state.query + size_t(state.waiting_count) * dim_;
  const int head_dim = dim_ / heads_;
  for (int row = 0; row < count; row += kRowBlock) {
    const int block = std::min(kRowBlock, count - row);
    qkv_.Run(work, {fresh + size_t(row) * dim_, dim_, &attention_norm_}, block,
             {work.wide, 3 * dim_});
    for (int i = 0; i < block; ++i) {
      float* qkv = work.wide + size_t(i) * 3 * dim_;
      rotary_.Apply(qkv, 2 * heads_, head_dim, state.received + i);  // queries and keys
      std::memcpy(query + size_t(row + i) * dim_, qkv, sizeof(float) * dim_);
    }
    state.ring.Append(state.received, block, work.wide + dim_, 3 * dim_, work.wide + 2 * dim_,
                      3 * dim_);
    state.received += block;
  }
  state.waiting_count += count;
  const int ready = std::max(0, state.waiting_count - reach.lookahead);
  const int written = Emit(state, work, reach, ready, provisional, out);
  state.received -= provisional;
  return written;
}

int ConformerBlock::Flush(State& state, Workspace& work, const BlockReach& reach,
                          float* out) const {
  return Emit(state, work, reach, state.waiting_count, 0, out);
}

int ConformerBlock::Emit(State& state, Workspace& work, const BlockReach& reach, int count,
                         int provisional, float* out) const {
  if (count == 0) return 0;
  const int64_t oldest = state.received - state.waiting_count;
  Window windows[kRowBlock];
  for (int row = 0; row < count; row += kRowBlock) {
    const int block = std::min(kRowBlock, count - row);
    for (int i = 0; i < block; ++i) {
      windows[i] = WindowOf(reach, oldest + row + i, state.received);
    }
    AttendArgs args;
    args.ring = &state.ring;
    args.rows = block;
    args.query = state.query + size_t(row) * dim_;
    args.query_stride = dim_;
    args.windows = windows;
    args.relative_bias = relative_bias_;
    args.bias_cols = bias_cols_;
    args.bias_left = bias_left_;
    args.query_position = oldest + row;
    args.out = work.narrow;
    args.out_stride = dim_;
    Attend(args, work);
    const size_t at = size_t(row) * dim_;
    const Epilogue residual = {
        .combine = Combine::kResidual, .other = state.waiting + at, .other_stride = dim_};
    attention_out_.Run(work, {work.narrow, dim_}, block, {out + at, dim_, residual});
  }
  if (conv_.present()) conv_.Run(state.conv, work, out, count, provisional);
  feed_forward_.Run(work, out, count, half_.present() ? 0.5f : 1.0f);
  if (final_norm_.present()) final_norm_.Run(work, out, count, out);

  state.waiting_count -= count;
  const size_t rest = size_t(state.waiting_count) * dim_;
  std::memmove(state.waiting, state.waiting + size_t(count) * dim_, sizeof(float) * rest);
  std::memmove(state.query, state.query + size_t(count) * dim_, sizeof(float) * rest);
  return count;
}

}  // namespace parrotlet
