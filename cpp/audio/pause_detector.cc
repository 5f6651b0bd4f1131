// Noise is the least smoothed power of each band in the last seconds (minimum statistics: R.
// Martin, IEEE Trans. Speech and Audio Processing 9(5), 2001); evidence for speech is a likelihood
// ratio over the bands (J. Sohn, N. S. Kim, W. Sung, IEEE Signal Processing Letters 6(1), 1999).
#include "audio/pause_detector.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

namespace parrotlet {
namespace {

// Bounds of the bands in bins of 62.5 Hz: from 125 Hz, above rumble and hum, to 6 kHz.
constexpr int kBounds[] = {2, 5, 8, 12, 17, 24, 34, 48, 68, 96};

// The values below were tuned on read and accented speech, clean and in noise, joined with gaps.
// Powers are mean squares, of one band unless said otherwise.

// Evidence that begins speech (in kOnFrames frames in a row), and less than which it ends.
constexpr float kOn = 0.5f, kOff = 0.2f;
constexpr int kOnFrames = 3;
constexpr float kMaxRatio = 6;       // of power to noise; one band alone then stays below kOn
constexpr float kSmoothing = 0.25f;  // weight of the newest frame

constexpr int kBlockFrames = 50;      // ten blocks: the noise of the last 5 s
constexpr int kSettleFrames = 10;     // before the smoothed power is steady enough for a minimum
constexpr float kBias = 1.3f;         // of the noise over its own minimum
constexpr float kLeastNoise = 2e-9f;  // -87 dBFS
constexpr float kMaxNoise = 3e-4f;    // -35 dBFS
// What was heard so far may all be speech, so early on the noise is taken to be low.
constexpr float kMaxEarlyNoise = 3e-7f;
constexpr int kEarlyFrames = 100;

// Breath and echo are as quiet as this beside the speech around them, and count as noise.
constexpr float kRange = 3e-3f;                    // -25 dB from the level of speech
constexpr float kAttack = 0.05f, kDecay = 0.996f;  // of that level: 200 ms, 1.7 dB a second

constexpr float kMutedPower = 1e-9f;  // of all bands; a muted line (-90 dBFS) shows no noise
constexpr float kLeastPower = 1e-10f;
constexpr float kUnknown = std::numeric_limits<float>::max();  // the least of no frames

}  // namespace

Status PauseDetector::Configure(const Kernels& kernels) {
  kernels_ = &kernels;
  return fft_.Configure(kFft);
}

void PauseDetector::Bind(Arena& arena) {
  fft_.Bind(arena);
  window_ = arena.Take<float>(kFft);
  windowed_ = arena.Take<float>(kFft);
  real_ = arena.Take<float>(kFft / 2 + 1);
  imag_ = arena.Take<float>(kFft / 2 + 1);
  samples_ = arena.Take<float>(kFft);
  power_ = arena.Take<float>(kRememberedFrames);
  spoken_ = arena.Take<uint8_t>(kRememberedFrames);
  least_ = arena.Take<float>(kNoiseBlocks * kBands);
  if (least_ == nullptr) return;
  // Scaled so that the squares of the spectrum's half add up to the mean square of the samples: the
  // squares of a Hann window have the mean 3 / 8.
  const double scale = std::sqrt(2 / (0.375 * kFft * kFft));
  for (int n = 0; n < kFft; ++n) {
    window_[n] = float(scale * (0.5 - 0.5 * std::cos(2 * std::numbers::pi * n / kFft)));
  }
  Reset();
}

void PauseDetector::Reset() {
  std::fill_n(samples_, kFft, 0.0f);
  std::fill_n(least_, kNoiseBlocks * kBands, kUnknown);
  std::fill_n(smoothed_, kBands, 0.0f);
  std::fill_n(level_, kBands, 0.0f);
  std::fill_n(noise_, kBands, kLeastNoise);
  filled_ = heard_ = loud_frames_ = 0;
  frames_ = mark_ = 0;
  last_speech_ = -1;
  speech_ = false;
  energy_db_ = -100;
}

size_t PauseDetector::Push(const float* samples, size_t count) {
  const size_t taken = std::min(count, size_t(kFrameSamples - filled_));
  float* end = samples_ + kFft - kFrameSamples + filled_;
  // Clipped, so that no finite sample can overflow the power and stay in the statistics for ever.
  for (size_t i = 0; i < taken; ++i) end[i] = std::clamp(samples[i], -1.0f, 1.0f);
  filled_ += int(taken);
  if (filled_ == kFrameSamples) EndFrame();
  return taken;
}

// Fills bands_ and returns their sum.
float PauseDetector::MeasureBands() {
  for (int n = 0; n < kFft; ++n) windowed_[n] = samples_[n] * window_[n];
  fft_.Transform(windowed_, real_, imag_);
  float total = 0;
  for (int b = 0; b < kBands; ++b) {
    float sum = 0;
    for (int k = kBounds[b]; k < kBounds[b + 1]; ++k) {
      sum += real_[k] * real_[k] + imag_[k] * imag_[k];
    }
    bands_[b] = sum;
    total += sum;
  }
  return total;
}

void PauseDetector::BeginNoiseBlock() {
  std::fill_n(least_ + frames_ / kBlockFrames % kNoiseBlocks * kBands, kBands, kUnknown);
  // After 5 s of muted line the noise is as unknown as at the start.
  if (*std::min_element(least_, least_ + kNoiseBlocks * kBands) == kUnknown) heard_ = 0;
}

void PauseDetector::TrackNoise() {
  float* block = least_ + frames_ / kBlockFrames % kNoiseBlocks * kBands;
  const float most = heard_ < kEarlyFrames ? kMaxEarlyNoise : kMaxNoise;
  for (int b = 0; b < kBands; ++b) {
    smoothed_[b] = heard_ == 0 ? bands_[b] : smoothed_[b] + kSmoothing * (bands_[b] - smoothed_[b]);
    if (heard_ >= kSettleFrames) block[b] = std::min(block[b], smoothed_[b]);
    float least = kUnknown;
    for (int i = 0; i < kNoiseBlocks; ++i) least = std::min(least, least_[i * kBands + b]);
    const float noise = least == kUnknown ? 0 : kBias * least;

    const float rise = smoothed_[b] - level_[b];
    level_[b] = kDecay * level_[b] + (rise > 0 ? kAttack * rise : 0);
    noise_[b] = std::max(std::clamp(noise, kLeastNoise, most), kRange * level_[b]);
  }
  heard_ = std::min(heard_ + 1, kEarlyFrames);
}

// Mean over the bands of r - 1 - ln r, r the ratio of power to noise where that is above 1.
float PauseDetector::Evidence(const float* bands) const {
  float ratio[kBands], log_ratio[kBands];
  for (int b = 0; b < kBands; ++b) ratio[b] = std::clamp(bands[b] / noise_[b], 1.0f, kMaxRatio);
  kernels_->log(ratio, kBands, log_ratio);
  float sum = 0;
  for (int b = 0; b < kBands; ++b) sum += ratio[b] - 1 - log_ratio[b];
  return sum / kBands;
}

void PauseDetector::EndFrame() {
  if (frames_ % kBlockFrames == 0) BeginNoiseBlock();
  const float power = std::max(MeasureBands(), kLeastPower);
  float log_power;
  kernels_->log(&power, 1, &log_power);
  energy_db_ = 4.3429448f * log_power;

  float evidence = 0, at_once = 0;
  if (power > kMutedPower) {
    TrackNoise();
    evidence = Evidence(smoothed_);
    at_once = Evidence(bands_);  // a click stays long in the smoothed power
  }
  loud_frames_ = std::min(evidence, at_once) >= kOn ? loud_frames_ + 1 : 0;
  speech_ = speech_ ? evidence >= kOff : loud_frames_ >= kOnFrames;
  if (speech_) last_speech_ = frames_;
  power_[frames_ % kRememberedFrames] = power;
  spoken_[frames_ % kRememberedFrames] = speech_;

  std::memmove(samples_, samples_ + kFrameSamples, (kFft - kFrameSamples) * sizeof(float));
  filled_ = 0;
  ++frames_;
}

int64_t PauseDetector::FirstSpeech(int64_t begin) const {
  int64_t frame = std::max(begin, std::max<int64_t>(frames_ - kRememberedFrames, 0));
  while (frame < frames_ && !spoken_[frame % kRememberedFrames]) ++frame;
  return std::min(frame, frames_);
}

int64_t PauseDetector::CountSpeech(int64_t begin) const {
  int64_t count = 0;
  for (int64_t frame = FirstSpeech(begin); frame < frames_; ++frame) {
    count += spoken_[frame % kRememberedFrames];
  }
  return count;
}

int64_t PauseDetector::QuietestFrame(int64_t begin, int64_t end, int width) const {
  begin = std::max(begin, std::max<int64_t>(frames_ - kRememberedFrames, 0));
  const int64_t last = std::min(end, frames_) - width;
  int64_t best = end;
  float least = kUnknown;
  for (int64_t first = begin; first <= last; ++first) {
    float sum = 0;
    for (int i = 0; i < width; ++i) sum += power_[(first + i) % kRememberedFrames];
    if (sum > least) continue;
    least = sum;
    best = first + width / 2;
  }
  return best;
}

}  // namespace parrotlet
