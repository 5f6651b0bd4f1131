#include "core/half.h"

#include <gtest/gtest.h>

#include <cmath>

namespace parrotlet {
namespace {

// By the words of the standard: 5 bits of exponent biased by 15, 10 of fraction, subnormals below.
double ValueOf(int half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(Half, EveryPatternBecomesTheFloatOfItsValue) {
  for (int half = 0; half < 0x10000; ++half) {
    const float found = HalfToFloat(uint16_t(half));
    EXPECT_EQ(std::signbit(found), (half & 0x8000) != 0) << half;
    if ((half & 0x7c00) != 0x7c00) {
      EXPECT_EQ(found, ValueOf(half)) << half;
    } else if ((half & 1023) == 0) {
      EXPECT_TRUE(std::isinf(found)) << half;
    } else {
      EXPECT_TRUE(std::isnan(found)) << half;
    }
  }
}

}  // namespace
}  // namespace parrotlet
