// A matrix product with bias, in whatever weight format the model holds it, and the layer norm that
// usually stands before it.
#pragma once

#include <string>

#include "model/weights.h"
#include "nn/workspace.h"

namespace parrotlet {

class LayerNorm {
 public:
  // Takes `name`.weight and, where present, `name`.bias.
  void Load(Weights& weights, const std::string& name, int dim, float epsilon);
  // The same where the model may have no such norm at all; present() tells.
  void LoadOptional(Weights& weights, const std::string& name, int dim, float epsilon);

  bool present() const { return norm_.dim > 0; }
  const NormWeights& weights() const { return norm_; }

  void Run(Workspace& work, const float* in, int rows, float* out) const;

 private:
  NormWeights norm_;
};

// Rows that go into a linear. They may overlap in memory (stride < inputs), as the windows of a
// convolution do.
struct LinearInput {
  const float* rows = nullptr;
  int stride = 0;
  // What they pass first, or null; then they are dense and not in Workspace::narrow, which a linear
  // of floats takes for the normed ones.
  const LayerNorm* norm = nullptr;
};

// Where its results go, and what is done to them before.
struct LinearOutput {
  float* rows = nullptr;
  int stride = 0;
  Epilogue epilogue = {};
};

// The output of a module that is added to its input: x = x + factor * value, x [rows][dim].
inline LinearOutput AddTo(float* x, int dim, float factor) {
  return {
      x, dim, {.combine = Combine::kResidual, .other = x, .other_stride = dim, .factor = factor}};
}

class Linear {
 public:
  // Takes `name`.weight [outputs][inputs] and, where present, `name`.bias.
  void Load(Weights& weights, const std::string& name, int outputs, int inputs);

  void AddNeeds(WorkspaceNeeds& needs) const { needs.Linear(weight_); }

  // Any number of rows.
  void Run(Workspace& work, const LinearInput& in, int rows, const LinearOutput& out) const;

  const PackedMatrix& weight() const { return weight_; }
  int outputs() const { return weight_.cols; }
  int inputs() const { return weight_.depth; }

 private:
  PackedMatrix weight_;
  const float* bias_ = nullptr;
};

// Two linears of the same rows in one matrix, of values and of gates: value * sigmoid(gate), or
// value * silu(gate).
class GatedLinear {
 public:
  // Takes `name`.weight [2 * outputs][inputs], values first, and, where present, `name`.bias.
  void Load(Weights& weights, const std::string& name, int outputs, int inputs, Combine gate);

  void AddNeeds(WorkspaceNeeds& needs) const { needs.Linear(value_); }

  // -> out [rows][stride], any number of rows.
  void Run(Workspace& work, const LinearInput& in, int rows, float* out, int stride) const;

 private:
  PackedMatrix value_, gate_;
  const float* bias_ = nullptr;
  Combine combine_ = Combine::kGlu;
};

}  // namespace parrotlet
