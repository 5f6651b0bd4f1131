// The convolution module of a Conformer block (arXiv 2005.08100, section 2.2), causal: norm,
// pointwise to twice the width, gated linear unit, depthwise convolution over the past, norm,
// swish, pointwise, residual.
#pragma once

#include <string>

#include "core/arena.h"
#include "nn/linear.h"

namespace parrotlet {

class ConvModule {
 public:
  struct State {
    float* history = nullptr;  // [kernel - 1 + kRowBlock][dim]: gated frames, the past first
    float* settled = nullptr;  // [kernel - 1][dim]: the past before provisional rows, or null
  };

  // Takes `name`.norm, .in, .depthwise, .depthwise_norm, .out.
  void Load(Weights& weights, const std::string& name, int dim, int kernel, float epsilon);

  bool present() const { return kernel_ > 0; }
  void AddNeeds(WorkspaceNeeds& needs) const;
  // `again`: whether rows will be provisional.
  void Bind(Arena& arena, State& state, bool again) const;
  void Reset(State& state) const;

  // x += module(x), in place, x [rows][dim]. The last `provisional` rows leave no trace in the
  // state.
  void Run(State& state, Workspace& work, float* x, int rows, int provisional) const;

 private:
  void Extend(State& state, Workspace& work, float* x, int rows) const;
  size_t past() const { return size_t(kernel_ - 1) * dim_; }

  int dim_ = 0, kernel_ = 0;
  LayerNorm norm_, depthwise_norm_;
  GatedLinear in_;
  Linear out_;
  const float* depthwise_ = nullptr;       // [kernel][dim]
  const float* depthwise_bias_ = nullptr;  // [dim] or null
};

}  // namespace parrotlet
