// The group norm of Moonshine's front end (one group: mean and variance over channels and time),
// made streaming, and its offline original.
#pragma once

#include <cstdint>

#include "core/arena.h"
#include "model/config.h"
#include "model/weights.h"
#include "nn/workspace.h"

namespace parrotlet {

class RunningNorm {
 public:
  struct State {
    double sum = 0, sum_squares = 0;  // of the frames' means and mean squares
    int64_t frames = 0;
  };

  void Load(Weights& weights, const FrontEndConfig& config, int channels);
  void Reset(State& state) const { state = {}; }

  // In place, x [rows][channels]: each frame is normalized by the mean and variance of all frames
  // so far, itself included, and of the prior (`prior_frames` imagined frames).
  void Step(State& state, Workspace& work, float* x, int rows) const;

  // In place, by the mean and variance of all `rows` (NormKind::kUtterance).
  void Whole(Workspace& work, float* x, int rows) const;

 private:
  void Scale(float* x, float mean, float inverse) const;

  int channels_ = 0;
  float epsilon_ = 0;
  double prior_frames_ = 0, prior_mean_ = 0, prior_mean_square_ = 0;
  const float* weight_ = nullptr;
  const float* bias_ = nullptr;
};

}  // namespace parrotlet
