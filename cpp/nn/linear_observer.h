// Sums up what goes into the linear layers of one session, for the quantization of their weights.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "kernels/kernels.h"
#include "model/weights.h"

namespace parrotlet {

// A session has one only when it is asked to observe: it takes four bytes for every pair of inputs
// of a matrix, and for every row about half as many multiplications as there are pairs.
class LinearObserver {
 public:
  // Of one matrix: the sum of x x^T over the rows x that it was multiplied with.
  struct Moments {
    const NamedMatrix* of = nullptr;
    size_t rows = 0;
    std::vector<float> sums;  // [inputs][inputs]; the upper triangle is filled in by Find

    int inputs() const { return of->matrix.depth; }
  };

  // Watches the float32 ones among `matrices`, which must outlive it.
  explicit LinearObserver(std::span<const NamedMatrix> matrices);

  // in [rows][in_stride] is about to be multiplied with `weight`.
  void See(const Kernels& kernels, const PackedMatrix& weight, const float* in, int in_stride,
           int rows);

  // What was seen so far of matrix `name`; null when it is not watched.
  const Moments* Find(std::string_view name);

  bool empty() const { return moments_.empty(); }

 private:
  void Add(const Kernels& kernels, const float* in, int in_stride, int rows, Moments& moments);

  std::vector<Moments> moments_;
  std::vector<float> rows_, columns_;  // a block of rows, and the same transposed
};

}  // namespace parrotlet
