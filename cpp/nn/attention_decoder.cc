#include "nn/attention_decoder.h"

#include <cstring>

namespace parrotlet {

void AttentionDecoder::Load(Weights& weights, const DecoderConfig& config, int memory_dim) {
  config_ = config;
  memory_dim_ = memory_dim;
  rotary_.Configure(config.rotary_dims, config.rotary_theta);
  const int dim = config.dim;
  const float epsilon = config.norm_epsilon;
  embedding_.Load(weights, "decoder.embedding", config.vocabulary, dim);
  norm_.Load(weights, "decoder.norm", dim, epsilon);
  layers_.assign(config.layers, {});
  for (int i = 0; i < config.layers; ++i) {
    Layer& layer = layers_[i];
    const std::string name = "decoder.layers." + std::to_string(i);
    layer.self_norm.Load(weights, name + ".self.norm", dim, epsilon);
    layer.self_qkv.Load(weights, name + ".self.qkv", 3 * dim, dim);
    layer.self_out.Load(weights, name + ".self.out", dim, dim);
    layer.cross_norm.Load(weights, name + ".cross.norm", dim, epsilon);
    layer.cross_query.Load(weights, name + ".cross.query", dim, dim);
    layer.cross_key_value.Load(weights, name + ".cross.key_value", 2 * dim, memory_dim);
    layer.cross_out.Load(weights, name + ".cross.out", dim, dim);
    layer.feed_forward.Load(weights, name + ".ff", dim, config.feed_forward, Activation::kSilu,
                            true, epsilon);
    layer.begin_share.assign(config.heads, 0.0f);
    layer.end_share.assign(config.heads, 0.0f);
  }
  // The last alignment head follows ends, those before it beginnings; a single one follows both.
  const auto& heads = config.alignment_heads;
  const size_t begins = heads.size() > 1 ? heads.size() - 1 : heads.size();
  for (size_t i = 0; i < begins; ++i) {
    layers_[heads[i].layer].begin_share[heads[i].head] = 1.0f / float(begins);
  }
  if (aligns()) layers_[heads.back().layer].end_share[heads.back().head] = 1.0f;
}

void AttentionDecoder::AddNeeds(WorkspaceNeeds& needs, int max_frames, int max_tokens) const {
  embedding_.AddNeeds(needs);
  for (const Layer& layer : layers_) {
    layer.self_qkv.AddNeeds(needs);
    layer.self_out.AddNeeds(needs);
    layer.cross_query.AddNeeds(needs);
    layer.cross_key_value.AddNeeds(needs);
    layer.cross_out.AddNeeds(needs);
    layer.feed_forward.AddNeeds(needs);
  }
  needs.wide = std::max(needs.wide, 3 * config_.dim);
  needs.narrow = std::max(needs.narrow, config_.dim);
  needs.score_cols =
      std::max(needs.score_cols, KeyValueRing::CapacityFor(std::max(max_frames, max_tokens)));
}

void AttentionDecoder::Bind(Arena& arena, State& state, int max_frames, int max_tokens,
                            int hypotheses) const {
  const auto bind = [&](KeyValueRing& ring, int positions) {
    ring.heads = config_.heads;
    ring.head_dim = config_.dim / config_.heads;
    ring.capacity = KeyValueRing::CapacityFor(positions);
    ring.Bind(arena);
  };
  state.hypotheses = hypotheses;
  state.max_tokens = max_tokens;
  state.max_frames = max_frames;
  state.cross.resize(layers_.size());
  for (KeyValueRing& ring : state.cross) bind(ring, max_frames);
  state.self.resize(layers_.size() * hypotheses);
  for (KeyValueRing& ring : state.self) bind(ring, max_tokens);
  state.x = arena.Take<float>(size_t(kRowBlock) * config_.dim);
  state.query = arena.Take<float>(size_t(kRowBlock) * config_.dim);
  if (aligns()) {
    state.begin_alignment = arena.Take<float>(size_t(max_tokens) * max_frames);
    state.end_alignment = arena.Take<float>(size_t(max_tokens) * max_frames);
  }
}

void AttentionDecoder::Extend(State& state, Workspace& work, const float* memory, int count) const {
  const int dim = config_.dim;
  for (int row = 0; row < count; row += kRowBlock) {
    const int block = std::min(kRowBlock, count - row);
    for (size_t i = 0; i < layers_.size(); ++i) {
      layers_[i].cross_key_value.Run(work, {memory + size_t(row) * memory_dim_, memory_dim_}, block,
                                     {work.wide, 2 * dim});
      state.cross[i].Append(state.memory_frames + row, block, work.wide, 2 * dim, work.wide + dim,
                            2 * dim);
    }
  }
  state.memory_frames += count;
}

void AttentionDecoder::Run(State& state, Workspace& work, const int* tokens, int count,
                           int position, int hypothesis, float* logits) const {
  const int dim = config_.dim;
  for (int done = 0; done < count; done += kRowBlock) {
    const int rows = std::min(kRowBlock, count - done);
    const int first = position + done;
    for (int row = 0; row < rows; ++row) {
      UnpackRow(embedding_.weight(), tokens[done + row], state.x + size_t(row) * dim);
    }
    const bool align = hypothesis == 0 && aligns();
    if (align) {
      const size_t at = size_t(first) * state.max_frames;
      const size_t bytes = sizeof(float) * rows * state.max_frames;
      std::memset(state.begin_alignment + at, 0, bytes);
      std::memset(state.end_alignment + at, 0, bytes);
    }
    for (size_t i = 0; i < layers_.size(); ++i) {
      SelfAttention(state, work, i, rows, first, hypothesis);
      CrossAttention(state, work, i, rows, first, align);
      layers_[i].feed_forward.Run(work, state.x, rows, 1.0f);
    }
    if (done + rows == count && logits != nullptr) {
      embedding_.Run(work, {state.x + size_t(rows - 1) * dim, dim, &norm_}, 1,
                     {logits, padded_vocabulary()});
    }
  }
}

void AttentionDecoder::SelfAttention(State& state, Workspace& work, size_t index, int rows,
                                     int position, int hypothesis) const {
  const Layer& layer = layers_[index];
  KeyValueRing& ring = state.self[hypothesis * layers_.size() + index];
  const int dim = config_.dim, head_dim = dim / config_.heads;
  layer.self_qkv.Run(work, {state.x, dim, &layer.self_norm}, rows, {work.wide, 3 * dim});
  Window windows[kRowBlock];
  for (int row = 0; row < rows; ++row) {
    float* qkv = work.wide + size_t(row) * 3 * dim;
    rotary_.Apply(qkv, 2 * config_.heads, head_dim, position + row);  // queries and keys
    windows[row] = {0, position + row + 1};
  }
  ring.Append(position, rows, work.wide + dim, 3 * dim, work.wide + 2 * dim, 3 * dim);
  AttendArgs args;
  args.ring = &ring;
  args.rows = rows;
  args.query = work.wide;
  args.query_stride = 3 * dim;
  args.windows = windows;
  args.out = work.narrow;
  args.out_stride = dim;
  Attend(args, work);
  layer.self_out.Run(work, {work.narrow, dim}, rows, AddTo(state.x, dim, 1));
}

void AttentionDecoder::CrossAttention(State& state, Workspace& work, size_t index, int rows,
                                      int position, bool align) const {
  const Layer& layer = layers_[index];
  const int dim = config_.dim;
  layer.cross_query.Run(work, {state.x, dim, &layer.cross_norm}, rows, {state.query, dim});
  Window windows[kRowBlock];
  for (int row = 0; row < rows; ++row) windows[row] = {0, state.memory_frames};

  struct Observer {
    State& state;
    const Layer& layer;
    int rows, position;

    void Add(float* alignment, float share, const float* probabilities, int stride) const {
      if (share == 0) return;
      for (int row = 0; row < rows; ++row) {
        float* sum = alignment + size_t(position + row) * state.max_frames;
        const float* added = probabilities + size_t(row) * stride;
        for (int i = 0; i < state.memory_frames; ++i) sum[i] += share * added[i];
      }
    }
  } observer = {state, layer, rows, position};

  AttendArgs args;
  args.ring = &state.cross[index];
  args.rows = rows;
  args.query = state.query;
  args.query_stride = dim;
  args.windows = windows;
  args.out = work.narrow;
  args.out_stride = dim;
  if (align) {
    args.observe_context = &observer;
    args.observe = [](void* context, int head, const float* probabilities, int stride, int64_t) {
      const Observer& o = *static_cast<Observer*>(context);
      o.Add(o.state.begin_alignment, o.layer.begin_share[head], probabilities, stride);
      o.Add(o.state.end_alignment, o.layer.end_share[head], probabilities, stride);
    };
  }
  Attend(args, work);
  layer.cross_out.Run(work, {work.narrow, dim}, rows, AddTo(state.x, dim, 1));
}

void AttentionDecoder::CopyHypothesis(State& state, int from, int to, int tokens) const {
  if (from == to) return;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const KeyValueRing& source = state.self[from * layers_.size() + i];
    KeyValueRing& target = state.self[to * layers_.size() + i];
    for (int row = 0; row < config_.dim; ++row) {
      const size_t at = size_t(row) * source.capacity;
      std::memcpy(target.keys + at, source.keys + at, sizeof(float) * tokens);
    }
    std::memcpy(target.values, source.values, sizeof(float) * tokens * config_.dim);
  }
}

}  // namespace parrotlet
