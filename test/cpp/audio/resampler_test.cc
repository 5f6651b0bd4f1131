// The resampler against a direct evaluation of its filter in double precision, against ideal tones,
// and for the property that chunk boundaries leave no trace.
#include "audio/resampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>
#include <vector>

#include "random_cuts.h"

namespace parrotlet {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr int kOutRate = 16000;
constexpr int kRates[] = {8000,  9600,  11025, 12000, 15999, 16000, 16001, 22050,
                          24000, 32000, 37800, 44056, 44100, 47999, 48000};

struct ResamplerUnderTest {
  ResamplerUnderTest(double in_rate, int channels) : channels(channels) {
    const Status status = resampler.Configure(in_rate, channels, kOutRate);
    EXPECT_TRUE(status.ok()) << status.message;
    EXPECT_TRUE(arena.Build([&](Arena& a) { resampler.Bind(a); }).ok());
  }

  // Everything in pieces cut by `seed`, through an output of random capacity.
  std::vector<float> Convert(const std::vector<float>& in, uint32_t seed) {
    resampler.Reset();
    std::mt19937 random(seed);
    std::vector<float> out, room(4000);
    InRandomCuts(in.size() / channels, seed, [&](size_t begin, size_t count) {
      while (count > 0) {
        const size_t capacity = 1 + random() % room.size();
        const Progress done =
            resampler.Push(in.data() + begin * channels, count, room.data(), capacity);
        ASSERT_GT(done.consumed + done.produced, 0u);
        ASSERT_LE(done.produced, capacity);
        out.insert(out.end(), room.begin(), room.begin() + done.produced);
        begin += done.consumed;
        count -= done.consumed;
      }
    });
    while (const size_t produced = resampler.Flush(room.data(), 1 + random() % room.size())) {
      out.insert(out.end(), room.begin(), room.begin() + produced);
    }
    return out;
  }

  Arena arena;
  Resampler resampler;
  int channels;
};

std::vector<float> Convert(const std::vector<float>& in, double in_rate, int channels = 1) {
  return ResamplerUnderTest(in_rate, channels).Convert(in, 1);
}

std::vector<float> Noise(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> out(count);
  for (float& x : out) x = uniform(random);
  return out;
}

std::vector<float> Tone(double hz, double rate, size_t count) {
  std::vector<float> out(count);
  for (size_t n = 0; n < count; ++n)
    out[n] = float(0.9 * std::sin(2 * kPi * hz * double(n) / rate));
  return out;
}

double Db(double ratio) { return 10 * std::log10(ratio); }

// Power of `x` away from its ends, where the zeros around the audio are heard.
double InnerPower(const std::vector<float>& x) {
  double sum = 0;
  const size_t margin = 400;
  for (size_t n = margin; n + margin < x.size(); ++n) sum += double(x[n]) * x[n];
  return sum / double(x.size() - 2 * margin);
}

std::vector<float> Difference(std::vector<float> a, const std::vector<float>& b) {
  for (size_t n = 0; n < a.size(); ++n) a[n] -= b[n];
  return a;
}

// The definition: out(t) = sum of in[i] h(t - i), h the windowed sinc, with t in input samples.
std::vector<double> Definition(const std::vector<float>& in, double in_rate) {
  const double lower = std::min(1.0, kOutRate / in_rate), half = 57.23 / lower, beta = 8.96;
  std::vector<double> out(size_t(std::ceil(double(in.size()) * kOutRate / in_rate)));
  for (size_t n = 0; n < out.size(); ++n) {
    const double t = double(n) * in_rate / kOutRate;
    for (size_t i = 0; i < in.size(); ++i) {
      const double d = t - double(i), place = d / half;
      if (std::abs(place) >= 1) continue;
      const double angle = kPi * 0.95 * lower * d;
      const double sinc = d == 0 ? 1 : std::sin(angle) / angle;
      const double window =
          std::cyl_bessel_i(0, beta * std::sqrt(1 - place * place)) / std::cyl_bessel_i(0, beta);
      out[n] += double(in[i]) * 0.95 * lower * sinc * window;
    }
  }
  return out;
}

TEST(Resampler, EqualsTheDefinition) {
  for (const int rate : kRates) {
    if (rate == kOutRate) continue;
    const std::vector<float> in = Noise(900, 3);
    const std::vector<float> got = Convert(in, rate);
    const std::vector<double> want = Definition(in, rate);
    ASSERT_EQ(got.size(), want.size()) << rate;
    // Rows that are interpolated are -106 dB off, the others only rounded.
    const double bound = kOutRate / std::gcd(rate, kOutRate) <= 512 ? 1e-6 : 2e-5;
    for (size_t n = 0; n < want.size(); ++n)
      ASSERT_NEAR(got[n], want[n], bound) << rate << " " << n;
  }
}

TEST(Resampler, PassesTonesBelowNineTenthsOfNyquist) {
  for (const int rate : kRates) {
    for (const double share : {0.01, 0.1, 0.35, 0.7, 0.89}) {
      const double hz = share * std::min(rate, kOutRate) / 2;
      const std::vector<float> got = Convert(Tone(hz, rate, size_t(rate)), rate);
      const std::vector<float> want = Tone(hz, kOutRate, got.size());
      EXPECT_GT(Db(InnerPower(want) / InnerPower(Difference(got, want))), 80) << rate << " " << hz;
    }
  }
}

TEST(Resampler, StopsTonesAboveTheNewNyquist) {
  for (const int rate : kRates) {
    for (double hz = kOutRate / 2 + 10; hz < rate / 2; hz += 990) {
      const std::vector<float> in = Tone(hz, rate, size_t(rate));
      EXPECT_LT(Db(InnerPower(Convert(in, rate)) / InnerPower(in)), -80) << rate << " " << hz;
    }
  }
}

TEST(Resampler, KeepsImpulsesInPlace) {
  for (const int rate : kRates) {
    std::vector<float> in(size_t(rate) / 10);
    const size_t at = in.size() / 2;
    in[at] = 1;
    const std::vector<float> out = Convert(in, rate);
    double moment = 0, sum = 0;
    for (size_t n = 0; n < out.size(); ++n) {
      moment += double(n) * out[n];
      sum += out[n];
    }
    EXPECT_NEAR(moment / sum / kOutRate, double(at) / rate, 1e-6) << rate;
    EXPECT_NEAR(sum, double(kOutRate) / rate, 1e-3) << rate;
  }
}

TEST(Resampler, WritesTheRoundedUpLengthForEveryInput) {
  for (const int rate : kRates) {
    ResamplerUnderTest test(rate, 1);
    for (const size_t frames : {0, 1, 2, 3, 57, 58, 441, 1023, 1024, 1025, 5000}) {
      const size_t want = (frames * kOutRate + rate - 1) / rate;
      EXPECT_EQ(test.Convert(Noise(frames, 2), uint32_t(frames)).size(), want) << rate;
    }
  }
}

TEST(Resampler, AnyCuttingGivesTheSameBits) {
  for (const int rate : kRates) {
    for (const int channels : {1, 2, 3, 8}) {
      const std::vector<float> in = Noise(size_t(7001) * channels, 5);
      ResamplerUnderTest test(rate, channels);
      const std::vector<float> whole = test.Convert(in, 0);
      for (uint32_t seed = 1; seed <= 10; ++seed) {
        ASSERT_EQ(test.Convert(in, seed), whole) << rate << " x " << channels << " seed " << seed;
      }
    }
  }
}

TEST(Resampler, AveragesChannels) {
  for (const int rate : {16000, 44100}) {
    const std::vector<float> left = Noise(3000, 1), right = Noise(3000, 2);
    std::vector<float> both, mean;
    for (size_t n = 0; n < left.size(); ++n) {
      both.insert(both.end(), {left[n], right[n]});
      mean.push_back((left[n] + right[n]) / 2);
    }
    EXPECT_EQ(Convert(both, rate, 2), Convert(mean, rate, 1)) << rate;
  }
}

TEST(Resampler, EqualRatesPassMonoBitForBit) {
  std::vector<float> in = Noise(5000, 4);
  in[7] = -0.0f;
  in[8] = 1e-41f;
  const std::vector<float> out = Convert(in, kOutRate);
  ASSERT_EQ(out.size(), in.size());
  EXPECT_EQ(std::memcmp(out.data(), in.data(), in.size() * sizeof(float)), 0);
}

TEST(Resampler, RefusesWhatItCannotConvert) {
  Resampler resampler;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double rate : {0.0, -16000.0, 7999.0, 48001.0, 44100.5, nan, HUGE_VAL}) {
    EXPECT_EQ(resampler.Configure(rate, 1, kOutRate).code, Code::kInvalidArgument) << rate;
  }
  EXPECT_EQ(resampler.Configure(16000, 1, 96000).code, Code::kInvalidArgument);
  for (const int channels : {-1, 0, 9}) {
    EXPECT_EQ(resampler.Configure(16000, channels, kOutRate).code, Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace parrotlet
