#include "nn/positions.h"

#include <cmath>

namespace parrotlet {

void Rotary::Configure(int dims, float theta) {
  frequency_.resize(dims / 2);
  for (int i = 0; i < dims / 2; ++i) frequency_[i] = std::pow(double(theta), -2.0 * i / dims);
}

void Rotary::Apply(float* x, int heads, int head_dim, int64_t position) const {
  for (size_t i = 0; i < frequency_.size(); ++i) {
    const double angle = double(position) * frequency_[i];
    const float cosine = float(std::cos(angle));
    const float sine = float(std::sin(angle));
    for (int head = 0; head < heads; ++head) {
      float* pair = x + head * head_dim + 2 * i;
      const float a = pair[0], b = pair[1];
      pair[0] = a * cosine - b * sine;
      pair[1] = b * cosine + a * sine;
    }
  }
}

void Sinusoid::Configure(int dim) {
  frequency_.resize(dim / 2);
  for (int i = 0; i < dim / 2; ++i) frequency_[i] = std::pow(10000.0, -double(i) / (dim / 2));
}

void Sinusoid::Add(float* x, float scale, int64_t position) const {
  const size_t half = frequency_.size();
  for (size_t i = 0; i < half; ++i) {
    const double angle = double(position) * frequency_[i];
    x[i] += scale * float(std::sin(angle));
    x[half + i] += scale * float(std::cos(angle));
  }
}

}  // namespace parrotlet
