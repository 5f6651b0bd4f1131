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
  };

  // Takes `name`.norm, .in, .depthwise, .depthwise_norm, .out.
  void Load(Weights& weights, const std::string& name, int dim, int kernel, float epsilon);

  bool present() const { return kernel_ > 0; }
  void AddNeeds(WorkspaceNeeds& needs) const;
  void Bind(Arena& arena, State& state) const;
  void Reset(State& state) const;

  // x += module(x), in place, x [rows][dim].
  void Run(State& state, Workspace& work, float* x, int rows) const;

 private:
  int dim_ = 0, kernel_ = 0;
  LayerNorm norm_, depthwise_norm_;
  GatedLinear in_;
  Linear out_;
  const float* depthwise_ = nullptr;       // [kernel][dim]
  const float* depthwise_bias_ = nullptr;  // [dim] or null
};

}  // namespace parrotlet
