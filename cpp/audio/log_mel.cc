// Framing, spectrum and filterbank; the logarithm is the kernels', so that it is the same
// everywhere.
#include "audio/log_mel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace parrotlet {
namespace {

constexpr int kBlock = 1024;  // samples that fit beside one window

double Mel(double hz) { return 1127 * std::log(1 + hz / 700); }

Status OutOfRange(const char* name, const char* range, double value) {
  return Status::Error(Code::kInvalidArgument, "log-mel %s: expected %s, got %g", name, range,
                       value);
}

}  // namespace

Status LogMel::Configure(const LogMelOptions& options, const Kernels& kernels) {
  const LogMelOptions& o = options;
  if (Status status = fft_.Configure(o.fft); !status.ok()) return status;
  if (o.window < 1 || o.window > o.fft) return OutOfRange("window", "1 to fft samples", o.window);
  if (o.hop < 1 || o.hop > o.window) return OutOfRange("hop", "1 to window samples", o.hop);
  if (o.mel_bins < 1 || o.mel_bins > 512) return OutOfRange("mel_bins", "1 to 512", o.mel_bins);
  if (!(o.low_hz >= 0)) return OutOfRange("low_hz", "at least 0", o.low_hz);
  if (!(o.high_hz > o.low_hz && o.high_hz <= float(o.sample_rate) / 2)) {
    return OutOfRange("high_hz", "above low_hz, at most half the sample rate", o.high_hz);
  }
  if (!(o.pre_emphasis >= 0 && o.pre_emphasis <= 1)) {
    return OutOfRange("pre_emphasis", "0 to 1", o.pre_emphasis);
  }
  if (!(o.log_floor >= 1e-30f && o.log_floor <= 1)) {
    return OutOfRange("log_floor", "1e-30 to 1", o.log_floor);
  }
  options_ = options;
  kernels_ = &kernels;
  return {};
}

void LogMel::Bind(Arena& arena) {
  const size_t bins = size_t(options_.fft) / 2 + 1;
  fft_.Bind(arena);
  window_ = arena.Take<float>(options_.window);
  first_bin_ = arena.Take<int>(options_.mel_bins);
  bin_count_ = arena.Take<int>(options_.mel_bins);
  triangles_ = arena.Take<float>(2 * bins);  // a bin lies under at most two triangles
  history_ = arena.Take<float>(size_t(options_.window) + kBlock);
  windowed_ = arena.Take<float>(options_.fft);
  real_ = arena.Take<float>(bins);
  imag_ = arena.Take<float>(bins);
  if (imag_ == nullptr) return;
  FillTables();
  Reset();
}

void LogMel::FillTables() {
  const LogMelOptions& o = options_;
  for (int n = 0; n < o.window; ++n) {
    window_[n] = float(0.5 - 0.5 * std::cos(2 * std::numbers::pi * n / o.window));
  }
  const double low = Mel(o.low_hz), step = (Mel(o.high_hz) - low) / (o.mel_bins + 1);
  float* weight = triangles_;
  for (int m = 0; m < o.mel_bins; ++m) {
    first_bin_[m] = bin_count_[m] = 0;
    for (int k = 1; k <= o.fft / 2; ++k) {
      // Distance from the triangle's peak, in half widths.
      const double place = (Mel(double(k) * o.sample_rate / o.fft) - low) / step - (m + 1);
      if (std::abs(place) >= 1) continue;
      if (bin_count_[m]++ == 0) first_bin_[m] = k;
      *weight++ = float(1 - std::abs(place));
    }
  }
}

void LogMel::Reset() {
  filled_ = next_ = 0;
  last_sample_ = 0;
}

size_t LogMel::TakeSamples(const float* samples, size_t count) {
  const int room = options_.window + kBlock;
  if (filled_ == room) {
    filled_ -= next_;
    std::memmove(history_, history_ + next_, size_t(filled_) * sizeof(float));
    next_ = 0;
  }
  const size_t taken = std::min(count, size_t(room - filled_));
  for (size_t i = 0; i < taken; ++i) {
    history_[filled_++] = samples[i] - options_.pre_emphasis * last_sample_;
    last_sample_ = samples[i];
  }
  return taken;
}

void LogMel::WriteFrame(const float* samples, float* frame) {
  for (int n = 0; n < options_.window; ++n) windowed_[n] = samples[n] * window_[n];
  fft_.Transform(windowed_, real_, imag_);
  for (int k = 0; k <= options_.fft / 2; ++k) {
    real_[k] = std::sqrt(real_[k] * real_[k] + imag_[k] * imag_[k]);
  }
  const float* weight = triangles_;
  for (int m = 0; m < options_.mel_bins; ++m) {
    float sum = 0;
    for (int i = 0; i < bin_count_[m]; ++i) sum += real_[first_bin_[m] + i] * *weight++;
    frame[m] = std::max(sum, options_.log_floor);
  }
  kernels_->log(frame, options_.mel_bins, frame);
}

Progress LogMel::Push(const float* samples, size_t count, float* frames, size_t capacity) {
  Progress done;
  for (;;) {
    const size_t consumed = TakeSamples(samples + done.consumed, count - done.consumed);
    done.consumed += consumed;
    const size_t before = done.produced;
    while (done.produced < capacity && next_ + options_.window <= filled_) {
      WriteFrame(history_ + next_, frames + done.produced * options_.mel_bins);
      ++done.produced;
      next_ += options_.hop;
    }
    if (consumed == 0 && done.produced == before) return done;
  }
}

}  // namespace parrotlet
