#include "nn/linear_observer.h"

#include <algorithm>

namespace parrotlet {
namespace {

constexpr int kBlockRows = 32;    // summed at once
constexpr int kBlockInputs = 64;  // of the sums' rows, which end at the diagonal or a little later

}  // namespace

LinearObserver::LinearObserver(std::span<const NamedMatrix> matrices) {
  int widest = 0;
  for (const NamedMatrix& named : matrices) {
    if (named.matrix.format.bits != 32) continue;
    Moments& moments = moments_.emplace_back();
    moments.of = &named;
    moments.sums.resize(size_t(named.matrix.depth) * named.matrix.depth);
    widest = std::max(widest, named.matrix.depth);
  }
  // Kernels may read whole vectors past the last row.
  rows_.resize(size_t(kBlockRows) * widest + kTileCols);
  columns_.resize(size_t(kBlockRows) * widest);
}

void LinearObserver::See(const Kernels& kernels, const PackedMatrix& weight, const float* in,
                         int in_stride, int rows) {
  for (Moments& moments : moments_) {
    if (moments.of->matrix.codes != weight.codes) continue;
    moments.rows += size_t(rows);
    for (int row = 0; row < rows; row += kBlockRows) {
      Add(kernels, in + size_t(row) * in_stride, in_stride, std::min(kBlockRows, rows - row),
          moments);
    }
    return;
  }
}

// sums += X^T X for the `rows` rows X: lower triangle, and some of the upper, which nobody reads.
void LinearObserver::Add(const Kernels& kernels, const float* in, int in_stride, int rows,
                         Moments& moments) {
  const int inputs = moments.inputs();
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < inputs; ++i) {
      const float x = in[size_t(row) * in_stride + i];
      rows_[size_t(row) * inputs + i] = x;
      columns_[size_t(i) * kBlockRows + row] = x;
    }
  }
  MatMulArgs product;
  product.depth = rows;
  product.a_stride = kBlockRows;
  product.b = rows_.data();
  product.b_stride = inputs;
  product.c_stride = inputs;
  product.accumulate = true;
  for (int i = 0; i < inputs; i += kBlockInputs) {
    product.rows = std::min(kBlockInputs, inputs - i);
    product.cols = i + product.rows;
    product.a = columns_.data() + size_t(i) * kBlockRows;
    product.c = moments.sums.data() + size_t(i) * inputs;
    kernels.matmul(product);
  }
}

const LinearObserver::Moments* LinearObserver::Find(std::string_view name) {
  for (Moments& moments : moments_) {
    if (moments.of->name != name) continue;
    const size_t inputs = size_t(moments.inputs());
    for (size_t i = 0; i < inputs; ++i) {
      for (size_t k = 0; k < i; ++k) moments.sums[k * inputs + i] = moments.sums[i * inputs + k];
    }
    return &moments;
  }
  return nullptr;
}

}  // namespace parrotlet
