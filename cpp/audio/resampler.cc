// Polyphase filtering: the filter is tabulated at `phases` positions between two input samples, one
// row of coefficients for each.
#include "audio/resampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <numeric>

namespace parrotlet {
namespace {

constexpr int kLanes = 16;
constexpr int kBlock = 1024;  // input samples that fit beside the filter's span

// Kaiser's formulas for 90 dB and a transition from 0.9 to 1.0 of the lower Nyquist frequency:
// beta = 0.1102 (90 - 8.7), length = (90 - 8) / (2.285 * 0.1 pi) = 114.2 samples of the lower rate.
constexpr double kBeta = 8.96;
constexpr double kHalfLength = 57.23;  // rounded up
constexpr double kCutoff = 0.95;

// Ratios with more phases than this (odd rates like 44101 Hz) use this many and interpolate
// linearly between two rows; the error is (pi / 512)^2 / 8, which is -106 dB.
constexpr int kMaxPhases = 512;

// Modified Bessel function of the first kind, order 0, by its power series.
double BesselI0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > 1e-17 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

// The low-pass filter at t input samples from its centre; cutoff in Nyquist frequencies of the
// input.
double WindowedSinc(double t, double cutoff, double half_length) {
  const double place = t / half_length;
  if (std::abs(place) >= 1) return 0;
  const double angle = std::numbers::pi * cutoff * t;
  const double sinc = angle == 0 ? 1 : std::sin(angle) / angle;
  static const double kAtCentre = BesselI0(kBeta);
  return cutoff * sinc * BesselI0(kBeta * std::sqrt(1 - place * place)) / kAtCentre;
}

// 16 partial sums folded in halves; count is a multiple of 16.
float Dot(const float* a, const float* b, int count) {
  float sum[kLanes] = {};
  for (int i = 0; i < count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) sum[lane] += a[i + lane] * b[i + lane];
  }
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) sum[lane] += sum[lane + width];
  }
  return sum[0];
}

bool IsRate(double hz) {
  return hz >= Resampler::kMinRate && hz <= Resampler::kMaxRate && hz == std::floor(hz);
}

}  // namespace

Status Resampler::Configure(double in_rate, int channels, int out_rate) {
  for (const double rate : {in_rate, double(out_rate)}) {
    if (IsRate(rate)) continue;
    return Status::Error(
        Code::kInvalidArgument,
        "sample rate: expected a whole number of Hz from %d to %d, got %g; convert "
        "the audio first",
        kMinRate, kMaxRate, rate);
  }
  if (channels < 1 || channels > kMaxChannels) {
    return Status::Error(Code::kInvalidArgument, "channels: expected 1 to %d, got %d", kMaxChannels,
                         channels);
  }
  channels_ = channels;
  const int divisor = std::gcd(int(in_rate), out_rate);
  up_ = out_rate / divisor;
  down_ = int(in_rate) / divisor;
  if (up_ == down_) {
    half_ = 0;
  } else {
    // A multiple of half the lanes, so that rows are whole vectors.
    const double length = kHalfLength * std::max(1.0, double(down_) / up_);
    half_ = (int(std::ceil(length)) + kLanes / 2 - 1) / (kLanes / 2) * (kLanes / 2);
  }
  phases_ = std::min(up_, kMaxPhases);
  Reset();
  return {};
}

void Resampler::Bind(Arena& arena) {
  filter_ = arena.Take<float>(size_t(phases_ + 1) * 2 * half_);
  history_ = arena.Take<float>(size_t(2) * half_ + kBlock);
  if (history_ == nullptr) return;
  FillFilter();
  Reset();
}

void Resampler::FillFilter() {
  const double lower = std::min(1.0, double(up_) / down_);
  for (int phase = 0; phase <= phases_; ++phase) {
    for (int tap = 0; tap < 2 * half_; ++tap) {
      const double t = tap - (half_ - 1) - double(phase) / phases_;
      filter_[phase * 2 * half_ + tap] =
          float(WindowedSinc(t, kCutoff * lower, kHalfLength / lower));
    }
  }
}

void Resampler::Reset() {
  // The zeros before the first sample.
  filled_ = std::max(half_ - 1, 0);
  if (history_ != nullptr) std::fill_n(history_, filled_, 0.0f);
  next_ = 0;
  phase_ = 0;
  frames_in_ = 0;
  samples_out_ = 0;
}

void Resampler::MakeRoom() {
  if (filled_ < 2 * half_ + kBlock) return;
  filled_ -= next_;
  std::memmove(history_, history_ + next_, size_t(filled_) * sizeof(float));
  next_ = 0;
}

size_t Resampler::TakeFrames(const float* in, size_t frames) {
  MakeRoom();
  const size_t taken = std::min(frames, size_t(2 * half_ + kBlock - filled_));
  float* mono = history_ + filled_;
  for (size_t i = 0; i < taken; ++i) {
    float sum = in[i * channels_];
    for (int c = 1; c < channels_; ++c) sum += in[i * channels_ + c];
    mono[i] = sum / float(channels_);
  }
  filled_ += int(taken);
  frames_in_ += int64_t(taken);
  return taken;
}

float Resampler::Interpolate() const {
  const int taps = 2 * half_;
  const float* samples = history_ + next_;
  if (half_ == 0) return samples[0];
  const int64_t place = int64_t(phase_) * phases_;
  const float* row = filter_ + place / up_ * taps;
  const float value = Dot(row, samples, taps);
  const float beyond = float(place % up_) / float(up_);
  return beyond == 0 ? value : value + beyond * (Dot(row + taps, samples, taps) - value);
}

size_t Resampler::WriteReady(float* out, size_t capacity) {
  const int taps = std::max(2 * half_, 1);
  size_t written = 0;
  while (written < capacity && next_ + taps <= filled_) {
    out[written++] = Interpolate();
    phase_ += down_;
    next_ += phase_ / up_;
    phase_ %= up_;
  }
  samples_out_ += int64_t(written);
  return written;
}

Progress Resampler::Push(const float* in, size_t frames, float* out, size_t capacity) {
  Progress done;
  for (;;) {
    const size_t produced = WriteReady(out + done.produced, capacity - done.produced);
    const size_t consumed = TakeFrames(in + done.consumed * channels_, frames - done.consumed);
    done.produced += produced;
    done.consumed += consumed;
    if (produced + consumed == 0) return done;
  }
}

size_t Resampler::Flush(float* out, size_t capacity) {
  const int64_t total = (frames_in_ * up_ + down_ - 1) / down_;
  size_t written = 0;
  for (;;) {
    const size_t room = std::min(capacity - written, size_t(total - samples_out_));
    if (room == 0) return written;
    const size_t produced = WriteReady(out + written, room);
    written += produced;
    if (produced > 0) continue;
    // The zeros after the last sample.
    MakeRoom();
    const int zeros = 2 * half_ + kBlock - filled_;
    std::fill_n(history_ + filled_, zeros, 0.0f);
    filled_ += zeros;
  }
}

}  // namespace parrotlet
