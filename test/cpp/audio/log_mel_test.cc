// The log-mel front end against its definition in double precision, and for the property that chunk
// boundaries leave no trace.
#include "audio/log_mel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "random_cuts.h"

namespace parrotlet {
namespace {

struct LogMelUnderTest {
  explicit LogMelUnderTest(const LogMelOptions& options,
                           const Kernels& kernels = *AllKernels().back())
      : mel_bins(options.mel_bins) {
    const Status status = log_mel.Configure(options, kernels);
    EXPECT_TRUE(status.ok()) << status.message;
    EXPECT_TRUE(arena.Build([&](Arena& a) { log_mel.Bind(a); }).ok());
  }

  std::vector<float> Frames(const std::vector<float>& samples, uint32_t seed) {
    log_mel.Reset();
    std::mt19937 random(seed);
    std::vector<float> out, room(size_t(20) * mel_bins);
    InRandomCuts(samples.size(), seed, [&](size_t begin, size_t count) {
      for (;;) {
        const size_t capacity = 1 + random() % 20;
        const Progress done = log_mel.Push(samples.data() + begin, count, room.data(), capacity);
        ASSERT_LE(done.produced, capacity);
        out.insert(out.end(), room.begin(), room.begin() + done.produced * mel_bins);
        begin += done.consumed;
        count -= done.consumed;
        if (count == 0 && done.produced < capacity) break;
        ASSERT_GT(done.consumed + done.produced, 0u);
      }
    });
    return out;
  }

  Arena arena;
  LogMel log_mel;
  int mel_bins;
};

std::vector<float> Noise(size_t count, float level) {
  std::mt19937 random(9);
  std::normal_distribution<float> normal(0, level);
  std::vector<float> out(count);
  for (float& x : out) x = normal(random);
  return out;
}

// The definition in log_mel.h, transcribed: no tables, no fast transform.
std::vector<double> Definition(const LogMelOptions& o, const std::vector<float>& x) {
  const double pi = std::numbers::pi;
  const auto mel = [](double hz) { return 1127 * std::log(1 + hz / 700); };
  const auto edge = [&](int i) {
    return mel(o.low_hz) + (mel(o.high_hz) - mel(o.low_hz)) * i / (o.mel_bins + 1);
  };
  std::vector<double> out;
  for (size_t begin = 0; begin + o.window <= x.size(); begin += o.hop) {
    std::vector<double> magnitude(o.fft / 2 + 1);
    for (int k = 0; k <= o.fft / 2; ++k) {
      std::complex<double> sum;
      for (int n = 0; n < o.window; ++n) {
        const size_t at = begin + n;
        const double y = x[at] - (at == 0 ? 0 : double(o.pre_emphasis) * x[at - 1]);
        const double hann = 0.5 * (1 - std::cos(2 * pi * n / o.window));
        sum += y * hann * std::polar(1.0, -2 * pi * k * n / o.fft);
      }
      magnitude[k] = std::abs(sum);
    }
    for (int m = 0; m < o.mel_bins; ++m) {
      double sum = 0;
      for (int k = 1; k <= o.fft / 2; ++k) {
        const double at = mel(double(k) * o.sample_rate / o.fft);
        const double rise = (at - edge(m)) / (edge(m + 1) - edge(m));
        const double fall = (edge(m + 2) - at) / (edge(m + 2) - edge(m + 1));
        sum += magnitude[k] * std::max(0.0, std::min(rise, fall));
      }
      out.push_back(std::log(std::max(sum, double(o.log_floor))));
    }
  }
  return out;
}

const LogMelOptions kSmall = {.sample_rate = 8000,
                              .window = 100,
                              .hop = 40,
                              .fft = 128,
                              .mel_bins = 20,
                              .low_hz = 0,
                              .high_hz = 4000,
                              .pre_emphasis = 0,
                              .log_floor = 1e-3f};
const LogMelOptions kNoOverlap = {.window = 512, .hop = 512, .fft = 512, .mel_bins = 40};
const LogMelOptions kCases[] = {LogMelOptions{}, kSmall, kNoOverlap};

TEST(LogMel, EqualsTheDefinition) {
  for (const LogMelOptions& options : kCases) {
    const std::vector<float> samples = Noise(2000, 0.1f);
    const std::vector<float> got = LogMelUnderTest(options).Frames(samples, 1);
    const std::vector<double> want = Definition(options, samples);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 5e-5) << i;
  }
}

TEST(LogMel, SilenceIsTheFloor) {
  for (const float value : LogMelUnderTest({}).Frames(std::vector<float>(4000), 1)) {
    EXPECT_NEAR(value, std::log(1e-5), 1e-5);
  }
}

TEST(LogMel, ToneIsLoudestInItsOwnBin) {
  const LogMelOptions options;
  std::vector<float> tone(4000);
  for (size_t n = 0; n < tone.size(); ++n) tone[n] = float(std::sin(2 * std::numbers::pi * n / 16));
  const std::vector<float> frames = LogMelUnderTest(options).Frames(tone, 1);
  // 1000 Hz is 1000 mel; the bins' peaks stand (mel(7600) - mel(125)) / 81 apart from mel(125) on.
  const double low = 1127 * std::log(1 + 125 / 700.0), high = 1127 * std::log(1 + 7600 / 700.0);
  const long want = std::lround((1000 - low) / ((high - low) / 81)) - 1;
  const auto last = frames.end() - options.mel_bins;
  EXPECT_EQ(std::max_element(last, frames.end()) - last, want);
}

TEST(LogMel, AnyCuttingGivesTheSameBits) {
  for (const LogMelOptions& options : kCases) {
    const std::vector<float> samples = Noise(9000, 0.3f);
    LogMelUnderTest test(options);
    const std::vector<float> whole = test.Frames(samples, 0);
    EXPECT_EQ(whole.size() / options.mel_bins, (samples.size() - options.window) / options.hop + 1);
    for (uint32_t seed = 1; seed <= 20; ++seed)
      ASSERT_EQ(test.Frames(samples, seed), whole) << seed;
  }
}

TEST(LogMel, EveryTargetGivesTheSameBits) {
  const std::vector<float> samples = Noise(4000, 0.3f);
  const std::vector<float> want = LogMelUnderTest({}).Frames(samples, 1);
  for (const Kernels* kernels : AllKernels()) {
    if (!kernels->supported()) continue;
    EXPECT_EQ(LogMelUnderTest({}, *kernels).Frames(samples, 1), want) << kernels->target;
  }
}

TEST(LogMel, RefusesOptionsOutsideTheirRange) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const LogMelOptions bad[] = {
      {.window = 0},       {.window = 513},       {.hop = 0},        {.hop = 401},
      {.fft = 500},        {.fft = 8192},         {.mel_bins = 0},   {.mel_bins = 513},
      {.low_hz = -1},      {.low_hz = 7600},      {.high_hz = 8001}, {.high_hz = nan},
      {.pre_emphasis = 2}, {.pre_emphasis = nan}, {.log_floor = 0},  {.log_floor = nan}};
  for (const LogMelOptions& options : bad) {
    LogMel log_mel;
    EXPECT_EQ(log_mel.Configure(options, *AllKernels().back()).code, Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace parrotlet
