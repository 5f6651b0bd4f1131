// Hands a model's tensors to the layers that own them, packed for the kernels, and keeps account of
// which were taken: a missing, misshapen or unused tensor is an error that names it.
#pragma once

#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/arena.h"
#include "core/status.h"
#include "model/model_file.h"
#include "quant/pack.h"

namespace parrotlet {

// A packed matrix and its name in the file.
struct NamedMatrix {
  std::string name;
  PackedMatrix matrix;
};

// The model's arena is laid out by two passes of the same code (core/arena.h): in the first every
// pointer handed out is null. The first error is kept and ends all further work.
class Weights {
 public:
  // strip: how matrices of so many bits are packed, of kStrips.
  Weights(const ModelFile& file, Arena& arena, int (*strip)(int bits), bool counting)
      : file_(file),
        arena_(arena),
        strip_(strip),
        counting_(counting),
        taken_(file.tensors().size(), false) {}

  bool Has(const std::string& name) const { return file_.Find(name) != nullptr; }

  // A matrix [cols][depth] in whatever format the file holds it.
  PackedMatrix Matrix(const std::string& name, int cols, int depth);

  // The same, its first and its second half of channels packed apart; cols is even.
  std::array<PackedMatrix, 2> Halves(const std::string& name, int cols, int depth);

  // A float32 tensor of exactly that shape.
  const float* Floats(const std::string& name, std::initializer_list<int> shape);

  // The same, or null when the file has no such tensor.
  const float* OptionalFloats(const std::string& name, std::initializer_list<int> shape);

  // The raw bytes of a U8 tensor.
  std::span<const uint8_t> Bytes(const std::string& name);

  // Records a defect found by the caller, unless one is known already.
  void Fail(const Status& status);

  // The first error; kModelShape naming a tensor that no layer took.
  Status Finish() const;

  // What Matrix handed out, in order, and the first of every two halves; complete after the second
  // pass.
  const std::vector<NamedMatrix>& matrices() const { return matrices_; }

  bool ok() const { return status_.ok(); }

 private:
  const Tensor* Take(const std::string& name, bool required);
  const Tensor* TakeMatrix(const std::string& name, int cols, int depth);
  PackedMatrix Pack(const Tensor& tensor, int first, int cols);
  const float* CopyFloats(const Tensor& tensor, std::initializer_list<int> shape);

  const ModelFile& file_;
  Arena& arena_;
  int (*strip_)(int bits);
  bool counting_;
  std::vector<bool> taken_;
  std::vector<NamedMatrix> matrices_;
  Status status_;
};

}  // namespace parrotlet
