#include "decode/confidence.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/kernel_cases.h"

namespace parrotlet {
namespace {

double LogOdds(double p) { return std::log(p / (1 - p)); }

TEST(Confidence, IsTheProbabilityUnlessCalibrated) {
  const ConfidenceConfig plain;
  const Confidence confidence(*AllKernels().back(), plain);
  for (const double p : {1e-4, 0.003, 0.1, 0.5, 0.77, 0.99, 0.9995}) {
    EXPECT_NEAR(confidence.Of(float(std::log(p))), p, 2e-3 * std::min(p, 1 - p)) << p;
  }
}

TEST(Confidence, ScalesAndShiftsLogOdds) {
  const ConfidenceConfig calibration = {.scale = 0.7f, .bias = -0.4f};
  const Confidence confidence(*AllKernels().back(), calibration);
  for (const double p : {0.001, 0.2, 0.5, 0.9, 0.999}) {
    const double odds = 0.7 * LogOdds(p) - 0.4;
    EXPECT_NEAR(confidence.Of(float(std::log(p))), 1 / (1 + std::exp(-odds)), 1e-4) << p;
  }
}

TEST(Confidence, RisesAndStaysInside) {
  for (const ConfidenceConfig calibration :
       {ConfidenceConfig{}, ConfidenceConfig{.scale = 3, .bias = 2}}) {
    const Confidence confidence(*AllKernels().back(), calibration);
    float before = 0;
    for (float log = -30; log < 0; log += 0.01f) {
      const float now = confidence.Of(log);
      EXPECT_GE(now, before) << log;
      before = now;
    }
    for (const float log : {-INFINITY, NAN, -1e30f, 0.0f, 1e-6f, INFINITY}) {
      EXPECT_TRUE(confidence.Of(log) > 0 && confidence.Of(log) < 1) << log;
    }
    EXPECT_EQ(confidence.Of(NAN), confidence.Of(-INFINITY));
  }
}

TEST(Confidence, EveryTargetGivesTheSameBits) {
  const ConfidenceConfig calibration = {.scale = 0.75f, .bias = -0.1f};
  const Confidence expected(*AllKernels().back(), calibration);
  for (const Kernels* kernels : SupportedKernels()) {
    const Confidence confidence(*kernels, calibration);
    for (float log = -15; log < 0; log += 0.0173f) {
      EXPECT_EQ(confidence.Of(log), expected.Of(log)) << kernels->target << " " << log;
    }
  }
}

}  // namespace
}  // namespace parrotlet
