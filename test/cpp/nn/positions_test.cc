#include "nn/positions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "nn/layer_weights.h"

namespace parrotlet {
namespace {

TEST(Rotary, TurnsPairsByPositionTimesFrequency) {
  constexpr int kHeads = 3;
  constexpr float kTheta = 10000;
  const struct {
    int head_dim, dims;
  } cases[] = {{2, 2}, {8, 6}, {12, 12}, {400, 384}};  // the last one wider than any known model
  for (const auto& c : cases) {
    Rotary rotary;
    rotary.Configure(c.dims, kTheta);
    for (const int64_t position : {0, 1, 7, 999, 100000}) {
      const std::vector<float> before = Random(1).Floats(size_t(kHeads) * c.head_dim, -1, 1);
      std::vector<float> x = before;
      rotary.Apply(x.data(), kHeads, c.head_dim, position);
      for (int head = 0; head < kHeads; ++head) {
        for (int i = 0; i < c.head_dim; ++i) {
          const size_t at = size_t(head) * c.head_dim + i;
          if (i >= c.dims) {
            EXPECT_EQ(x[at], before[at]);  // the rest of the head stays
          } else if (i % 2 == 0) {
            const double angle = double(position) * std::pow(double(kTheta), -double(i) / c.dims);
            const std::complex<double> turned =
                std::complex<double>(before[at], before[at + 1]) * std::polar(1.0, angle);
            EXPECT_NEAR(x[at], turned.real(), 2e-7) << position;
            EXPECT_NEAR(x[at + 1], turned.imag(), 2e-7) << position;
          }
        }
      }
    }
  }
}

TEST(Rotary, OfNoDimensionsTurnsNothing) {
  std::vector<float> x = {1, 2, 3, 4};
  Rotary().Apply(x.data(), 1, 4, 5);
  Rotary rotary;
  rotary.Configure(0, 10000);
  rotary.Apply(x.data(), 1, 4, 5);
  EXPECT_EQ(x, (std::vector<float>{1, 2, 3, 4}));
}

TEST(Sinusoid, AddsSinesThenCosines) {
  constexpr int kDim = 10;
  constexpr float kScale = 0.5f;
  Sinusoid sinusoid;
  sinusoid.Configure(kDim);
  for (const int64_t position : {0, 1, 50, 65535}) {
    std::vector<float> x(kDim, 2.0f);
    sinusoid.Add(x.data(), kScale, position);
    for (int i = 0; i < kDim / 2; ++i) {
      const double angle = double(position) / std::pow(10000.0, i / (kDim / 2.0));
      EXPECT_NEAR(x[i], 2 + 0.5 * std::sin(angle), 3e-7);
      EXPECT_NEAR(x[kDim / 2 + i], 2 + 0.5 * std::cos(angle), 3e-7);
    }
  }
}

}  // namespace
}  // namespace parrotlet
