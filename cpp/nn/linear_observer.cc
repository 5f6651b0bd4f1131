#include "nn/linear_observer.h"

namespace parrotlet {
namespace {

// Adds the outer products of kRows rows with themselves, lower triangle only. Several rows at once
// spare the sums a trip to memory for each.
template <int kRows>
void AddOuterProducts(const float* in, int in_stride, int inputs, float* sums) {
  for (int i = 0; i < inputs; ++i) {
    float* row = sums + size_t(i) * inputs;
    float x[kRows];
    for (int r = 0; r < kRows; ++r) x[r] = in[size_t(r) * in_stride + i];
    for (int k = 0; k <= i; ++k) {
      float sum = row[k];
      for (int r = 0; r < kRows; ++r) sum += x[r] * in[size_t(r) * in_stride + k];
      row[k] = sum;
    }
  }
}

}  // namespace

LinearObserver::LinearObserver(std::span<const NamedMatrix> matrices) {
  for (const NamedMatrix& named : matrices) {
    if (named.matrix.format.bits != 32) continue;
    Moments& moments = moments_.emplace_back();
    moments.of = &named;
    moments.sums.resize(size_t(named.matrix.depth) * named.matrix.depth);
  }
}

void LinearObserver::See(const PackedMatrix& weight, const float* in, int in_stride, int rows) {
  for (Moments& moments : moments_) {
    if (moments.of->matrix.codes != weight.codes) continue;
    constexpr int kAtOnce = 4;
    moments.rows += size_t(rows);
    for (; rows >= kAtOnce; rows -= kAtOnce, in += size_t(kAtOnce) * in_stride) {
      AddOuterProducts<kAtOnce>(in, in_stride, weight.depth, moments.sums.data());
    }
    for (; rows > 0; --rows, in += in_stride) {
      AddOuterProducts<1>(in, in_stride, weight.depth, moments.sums.data());
    }
    return;
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
