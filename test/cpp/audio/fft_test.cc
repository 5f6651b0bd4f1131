// The transform against its definition in double precision.
#include "audio/fft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

namespace parrotlet {
namespace {

using Spectrum = std::vector<std::complex<double>>;

Spectrum NaiveTransform(const std::vector<float>& in) {
  const size_t size = in.size();
  Spectrum out(size / 2 + 1);
  for (size_t k = 0; k < out.size(); ++k) {
    for (size_t n = 0; n < size; ++n) {
      out[k] += double(in[n]) *
                std::polar(1.0, -2 * std::numbers::pi * double(k * n % size) / double(size));
    }
  }
  return out;
}

struct FftUnderTest {
  explicit FftUnderTest(int size) {
    EXPECT_TRUE(fft.Configure(size).ok());
    EXPECT_TRUE(arena.Build([&](Arena& a) { fft.Bind(a); }).ok());
  }
  Spectrum Transform(const std::vector<float>& in) const {
    std::vector<float> real(in.size() / 2 + 1), imag(in.size() / 2 + 1);
    fft.Transform(in.data(), real.data(), imag.data());
    Spectrum out(real.size());
    for (size_t k = 0; k < out.size(); ++k) out[k] = {real[k], imag[k]};
    return out;
  }
  Arena arena;
  RealFft fft;
};

TEST(RealFft, EqualsTheDefinitionForEverySize) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (int size = 4; size <= 4096; size *= 2) {
    std::vector<float> in(size);
    for (float& x : in) x = normal(random);
    const Spectrum got = FftUnderTest(size).Transform(in), want = NaiveTransform(in);
    double peak = 0, error = 0;
    for (size_t k = 0; k < want.size(); ++k) {
      peak = std::max(peak, std::abs(want[k]));
      error = std::max(error, std::abs(want[k] - got[k]));
    }
    EXPECT_LT(error, 4e-7 * peak) << "size " << size;
  }
}

TEST(RealFft, ImpulseIsFlatAndConstantIsOneBin) {
  const FftUnderTest fft(16);
  std::vector<float> impulse(16), constant(16, 1.0f);
  impulse[0] = 1;
  for (const auto& x : fft.Transform(impulse)) EXPECT_EQ(x, std::complex<double>(1, 0));
  const Spectrum bins = fft.Transform(constant);
  EXPECT_EQ(bins[0], std::complex<double>(16, 0));
  for (size_t k = 1; k < bins.size(); ++k) EXPECT_EQ(std::abs(bins[k]), 0.0);
}

TEST(RealFft, RefusesOtherSizes) {
  RealFft fft;
  for (const int size : {-8, 0, 2, 3, 6, 400, 8192}) {
    EXPECT_EQ(fft.Configure(size).code, Code::kInvalidArgument) << size;
  }
}

}  // namespace
}  // namespace parrotlet
