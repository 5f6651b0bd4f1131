#include "nn/conv_module.h"

#include <cstring>

namespace parrotlet {

void ConvModule::Load(Weights& weights, const std::string& name, int dim, int kernel,
                      float epsilon) {
  dim_ = dim;
  kernel_ = kernel;
  norm_.Load(weights, name + ".norm", dim, epsilon);
  in_.Load(weights, name + ".in", dim, dim, Combine::kGlu);
  depthwise_ = weights.Floats(name + ".depthwise.weight", {kernel, dim});
  depthwise_bias_ = weights.OptionalFloats(name + ".depthwise.bias", {dim});
  depthwise_norm_.Load(weights, name + ".depthwise_norm", dim, epsilon);
  out_.Load(weights, name + ".out", dim, dim);
}

void ConvModule::AddNeeds(WorkspaceNeeds& needs) const {
  in_.AddNeeds(needs);
  out_.AddNeeds(needs);
  needs.narrow = std::max(needs.narrow, dim_);
}

void ConvModule::Bind(Arena& arena, State& state, bool again) const {
  state.history = arena.Take<float>(past() + size_t(kRowBlock) * dim_);
  if (again) state.settled = arena.Take<float>(past());
}

void ConvModule::Reset(State& state) const {
  std::memset(state.history, 0, sizeof(float) * past());
}

void ConvModule::Run(State& state, Workspace& work, float* x, int rows, int provisional) const {
  const int settled = rows - provisional;
  Extend(state, work, x, settled);
  if (provisional == 0) return;
  std::memcpy(state.settled, state.history, sizeof(float) * past());
  Extend(state, work, x + size_t(settled) * dim_, provisional);
  std::memcpy(state.history, state.settled, sizeof(float) * past());
}

// The module over `rows` rows, which are then the past of those to come.
void ConvModule::Extend(State& state, Workspace& work, float* x, int rows) const {
  const Kernels& kernels = *work.kernels;
  float* fresh = state.history + past();
  for (int row = 0; row < rows; row += kRowBlock) {
    const int block = std::min(kRowBlock, rows - row);
    float* block_x = x + size_t(row) * dim_;
    in_.Run(work, {block_x, dim_, &norm_}, block, fresh, dim_);
    kernels.depthwise_conv(state.history, block, dim_, kernel_, depthwise_, depthwise_bias_,
                           work.narrow);
    std::memmove(state.history, state.history + size_t(block) * dim_, sizeof(float) * past());
    depthwise_norm_.Run(work, work.narrow, block, work.narrow);
    kernels.silu(work.narrow, block * dim_, work.narrow);
    out_.Run(work, {work.narrow, dim_}, block, AddTo(block_x, dim_, 1));
  }
}

}  // namespace parrotlet
