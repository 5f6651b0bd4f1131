// A convolution over time with a stride, fed as frames arrive: the convolutions of the waveform
// front end (no padding) and the feature stackers of the Parrotron paper (zeros before and after).
#pragma once

#include <string>

#include "core/arena.h"
#include "model/config.h"
#include "nn/linear.h"

namespace parrotlet {

// Output t is the linear of frames [t * stride - left_zeros, ... + kernel), side by side. A stacker
// with past P and look-ahead R has kernel P + 1 + R, left_zeros P and right_zeros R: its output t
// stands for input frame t * stride (PAPERS: Streaming Parrotron, look-ahead stacker).
struct StridedConvShape {
  int in_dim = 0, out_dim = 0, kernel = 0, stride = 1;
  int left_zeros = 0, right_zeros = 0;
  Activation activation = Activation::kNone;
};

class StridedConv {
 public:
  // One session's state: the frames not yet used up.
  struct State {
    float* frames = nullptr;  // [kernel + max(max_in, right_zeros)][in_dim]
    int count = 0;            // frames held
    int skip = 0;  // frames still to be dropped from the input (stride beyond the kernel)
  };

  void Load(Weights& weights, const std::string& name, const StridedConvShape& shape);
  void AddNeeds(WorkspaceNeeds& needs) const { linear_.AddNeeds(needs); }

  // A session feeds at most `max_in` frames a step.
  void Bind(Arena& arena, State& state, int max_in) const;
  void Reset(State& state) const;

  // Most outputs of one step.
  int MaxOutputs(int max_in) const { return (max_in + shape_.kernel - 1) / shape_.stride + 1; }

  // Takes `count` frames [count][in_dim]; writes the outputs now complete, returns how many.
  int Step(State& state, Workspace& work, const float* in, int count, float* out) const;

  // End of input: the outputs that right_zeros complete. At most MaxOutputs(right_zeros).
  int Flush(State& state, Workspace& work, float* out) const;

  const StridedConvShape& shape() const { return shape_; }

 private:
  int Emit(State& state, Workspace& work, float* out) const;

  StridedConvShape shape_;
  Linear linear_;
};

}  // namespace parrotlet
