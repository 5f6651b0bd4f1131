// The log-mel front end: one frame of log filterbank values per hop of audio, seeing only the past.
#pragma once

#include "audio/fft.h"
#include "audio/progress.h"
#include "core/arena.h"
#include "core/status.h"
#include "kernels/kernels.h"

namespace parrotlet {

struct LogMelOptions {
  int sample_rate = 16000;
  int window = 400, hop = 160;         // samples; hop <= window <= fft
  int fft = 512;                       // a power of two up to 4096
  int mel_bins = 80;                   // 1 to 512
  float low_hz = 125, high_hz = 7600;  // 0 <= low < high <= sample_rate / 2
  float pre_emphasis = 0.97f;          // 0 to 1
  float log_floor = 1e-5f;             // at least 1e-30
};

// Frame t, of the samples x[t hop] .. x[t hop + window - 1]:
//   y[n] = x[n] - pre_emphasis x[n - 1], over the whole stream, x[-1] = 0;
//   times a periodic Hann window, zeros up to `fft`, magnitude spectrum;
//   times triangles between mel_bins + 2 points evenly spaced in mel, their sides straight lines in
//   mel = 1127 ln(1 + f / 700), without the bin at 0 Hz;
//   ln(max(v, log_floor)).
// Samples that do not fill a window at the end of the audio give no frame.
class LogMel {
 public:
  // kInvalidArgument where an option is outside its range; the message names it. `kernels` must
  // live as long as this.
  Status Configure(const LogMelOptions& options, const Kernels& kernels);

  // Lays out the state and the tables; those are filled when the arena is backed.
  void Bind(Arena& arena);

  // Back to the start.
  void Reset();

  // Takes up to `count` samples and writes up to `capacity` frames of mel_bins values. While
  // capacity is above 0 every call gets ahead: call again until all is consumed.
  Progress Push(const float* samples, size_t count, float* frames, size_t capacity);

 private:
  void FillTables();
  size_t TakeSamples(const float* samples, size_t count);
  void WriteFrame(const float* samples, float* frame);

  LogMelOptions options_;
  const Kernels* kernels_ = nullptr;
  RealFft fft_;
  float* window_ = nullptr;     // [window]
  int* first_bin_ = nullptr;    // [mel_bins]: of each triangle
  int* bin_count_ = nullptr;    // [mel_bins]
  float* triangles_ = nullptr;  // the weights of all triangles, one after the other
  float* history_ = nullptr;    // pre-emphasized samples
  float* windowed_ = nullptr;   // [fft], zeros beyond the window
  float* real_ = nullptr;       // [fft / 2 + 1]: spectrum, then magnitudes
  float* imag_ = nullptr;       // [fft / 2 + 1]
  int filled_ = 0;              // samples in history
  int next_ = 0;                // where in history the next frame begins
  float last_sample_ = 0;
};

}  // namespace parrotlet
