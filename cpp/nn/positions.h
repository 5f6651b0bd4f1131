// Where a frame or token stands in time, as attention is told: rotary angles and sinusoids.
#pragma once

#include <cstdint>
#include <vector>

namespace parrotlet {

// Turns the first `dims` dimensions of every head, in interleaved pairs (2i, 2i + 1), by
// position * theta^(-2i / dims) (arXiv 2104.09864, section 3.4).
class Rotary {
 public:
  // dims is even; 0 turns nothing.
  void Configure(int dims, float theta);

  // x: one row of `heads` heads side by side.
  void Apply(float* x, int heads, int head_dim, int64_t position) const;

 private:
  std::vector<double> frequency_;  // [dims / 2]
};

// Adds scale * sinusoid(position): sines of dim / 2 frequencies 10000^(-i / (dim / 2)), then their
// cosines.
class Sinusoid {
 public:
  void Configure(int dim);

  // x: one row of `dim`.
  void Add(float* x, float scale, int64_t position) const;

 private:
  std::vector<double> frequency_;  // [dim / 2]
};

}  // namespace parrotlet
