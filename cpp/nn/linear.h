// A matrix product with bias, in whatever weight format the model holds it, and the layer norm that
// usually stands before it.
#pragma once

#include <string>

#include "model/weights.h"
#include "nn/workspace.h"

namespace parrotlet {

class Linear {
 public:
  // Takes `name`.weight [outputs][inputs] and, where present, `name`.bias.
  void Load(Weights& weights, const std::string& name, int outputs, int inputs);

  void AddNeeds(WorkspaceNeeds& needs) const { needs.Linear(weight_); }

  // in [rows][in_stride] -> out [rows][out_stride]; any number of rows. Rows may overlap in memory
  // (in_stride < inputs), as the windows of a convolution do.
  void Run(Workspace& work, const float* in, int in_stride, int rows, float* out,
           int out_stride) const;

  const PackedMatrix& weight() const { return weight_; }
  int outputs() const { return weight_.cols; }
  int inputs() const { return weight_.depth; }

 private:
  PackedMatrix weight_;
  const float* bias_ = nullptr;
};

class LayerNorm {
 public:
  // Takes `name`.weight and, where present, `name`.bias.
  void Load(Weights& weights, const std::string& name, int dim, float epsilon);
  // The same where the model may have no such norm at all; present() tells.
  void LoadOptional(Weights& weights, const std::string& name, int dim, float epsilon);

  bool present() const { return dim_ > 0; }

  void Run(Workspace& work, const float* in, int rows, float* out) const;

 private:
  int dim_ = 0;
  float epsilon_ = 0;
  const float* weight_ = nullptr;
  const float* bias_ = nullptr;
};

}  // namespace parrotlet
