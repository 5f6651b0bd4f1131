// The position-wise feed-forward module: norm, widen, activation, narrow, residual.
#pragma once

#include <string>

#include "model/config.h"
#include "nn/linear.h"

namespace parrotlet {

class FeedForward {
 public:
  // Takes `name`.norm, `name`.in and `name`.out. Gated: `in` has 2 * width outputs, value and gate,
  // and the activation is value * silu(gate).
  void Load(Weights& weights, const std::string& name, int dim, int width, Activation activation,
            bool gated, float epsilon);

  bool present() const { return width_ > 0; }
  void AddNeeds(WorkspaceNeeds& needs) const;

  // x += factor * module(x), in place, x [rows][dim].
  void Run(Workspace& work, float* x, int rows, float factor) const;

 private:
  int dim_ = 0, width_ = 0;
  bool gated_ = false;
  Activation activation_ = Activation::kNone;
  LayerNorm norm_;
  Linear in_;
  GatedLinear gated_in_;  // instead of in_
  Linear out_;
};

}  // namespace parrotlet
