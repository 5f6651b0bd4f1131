#include "decode/alignment.h"

#include <gtest/gtest.h>

#include "kernels/kernel_cases.h"

namespace parrotlet {
namespace {

struct Aligned {
  Aligned(const std::vector<float>& weight, int stride, int rows, int frames) {
    AlignmentScratch scratch;
    Arena arena;
    EXPECT_TRUE(arena.Build([&](Arena& a) { scratch.Bind(a, rows, frames); }).ok());
    position.resize(size_t(rows));
    MonotonePeaks(weight.data(), stride, rows, frames, scratch, position.data());
  }
  std::vector<float> position;
};

// The best non-decreasing path by trying all; of equals the one with later frames, the last row's
// frame first.
class AllPaths {
 public:
  AllPaths(const std::vector<float>& weight, int stride, int rows, int frames)
      : weight_(weight), stride_(stride), frames_(frames), path_(size_t(rows)) {
    Try(rows - 1, frames - 1, 0);
  }
  const std::vector<int>& best() const { return best_; }

 private:
  void Try(int row, int latest, float sum) {
    if (row < 0) {
      if (best_.empty() || sum > most_) {
        most_ = sum;
        best_ = path_;
      }
      return;
    }
    for (int f = latest; f >= 0; --f) {
      path_[size_t(row)] = f;
      Try(row - 1, f, sum + weight_[size_t(row) * stride_ + f]);
    }
  }

  const std::vector<float>& weight_;
  int stride_, frames_;
  std::vector<int> path_, best_;
  float most_ = 0;
};

double CentreOfMass(const float* weight, int peak, int frames) {
  double mass = 0, moment = 0;
  for (int f = std::max(0, peak - 4); f <= std::min(frames - 1, peak + 4); ++f) {
    mass += weight[f];
    moment += weight[f] * f;
  }
  return mass > 0 ? moment / mass : peak;
}

TEST(MonotonePeaks, EqualsTheBestOfAllPaths) {
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    const int rows = random.Int(1, 5), frames = random.Int(1, 7),
              stride = frames + random.Int(0, 3);
    std::vector<float> weight(size_t(rows) * stride);
    for (float& w : weight) w = float(random.Int(0, 4));  // small integers: many ties, exact sums
    const std::vector<int> best = AllPaths(weight, stride, rows, frames).best();
    const Aligned aligned(weight, stride, rows, frames);
    for (int k = 0; k < rows; ++k) {
      EXPECT_NEAR(aligned.position[size_t(k)],
                  CentreOfMass(weight.data() + size_t(k) * stride, best[size_t(k)], frames), 1e-5)
          << "round " << round << ", row " << k;
    }
  }
}

TEST(MonotonePeaks, RefinesAroundThePeakOnly) {
  std::vector<float> weight(40, 0.0f);
  weight[20] = 3;
  weight[21] = 1;
  weight[30] = 2.9f;  // too far to pull
  EXPECT_NEAR(Aligned(weight, 40, 1, 40).position[0], 20.25, 1e-6);
}

TEST(MonotonePeaks, NothingToAlign) {
  EXPECT_TRUE(Aligned({}, 0, 0, 0).position.empty());
  EXPECT_EQ(Aligned({0, 0, 0}, 3, 1, 3).position[0], 2);  // no weight anywhere: the latest
}

}  // namespace
}  // namespace parrotlet
