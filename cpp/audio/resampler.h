// Streaming sample rate conversion of interleaved audio to mono, with a linear-phase filter whose
// delay is taken out: output sample n stands at time n / out_rate from the first input sample.
#pragma once

#include <cstdint>

#include "audio/progress.h"
#include "core/arena.h"
#include "core/status.h"

namespace parrotlet {

// The filter is a Kaiser-windowed sinc: flat (0.001 dB) up to 0.9 of the lower of the two Nyquist
// frequencies, 90 dB down from that frequency on. Outside the audio there are zeros. Audio that
// already has the target rate is not filtered, only averaged to mono; mono passes bit for bit.
//
// Every output is a sum in a fixed order over a fixed piece of the input, so that the way the input
// is cut into calls leaves no trace.
class Resampler {
 public:
  static constexpr int kMinRate = 8000, kMaxRate = 48000, kMaxChannels = 8;

  // Rates are whole numbers of Hz in [kMinRate, kMaxRate], channels 1 to kMaxChannels;
  // kInvalidArgument otherwise.
  Status Configure(double in_rate, int channels, int out_rate);

  // Lays out the state and the filter; the filter is computed when the arena is backed.
  void Bind(Arena& arena);

  // Back to the start.
  void Reset();

  // Takes up to `frames` frames of `channels` interleaved samples and writes up to `capacity`
  // samples. While capacity is above 0 every call gets ahead: call again until all is consumed.
  // Samples that did not fit into `out` come with a later call.
  Progress Push(const float* in, size_t frames, float* out, size_t capacity);

  // After the last Push: writes up to `capacity` of the samples held back, and returns their
  // number; 0 once all are out. In total ceil(frames * out_rate / in_rate) samples are written.
  // Then Reset().
  size_t Flush(float* out, size_t capacity);

  // Input frames after an output's time that it depends on.
  int lookahead_frames() const { return half_; }

 private:
  void FillFilter();
  size_t TakeFrames(const float* in, size_t frames);
  size_t WriteReady(float* out, size_t capacity);
  void MakeRoom();
  float Interpolate() const;

  int channels_ = 1;
  int up_ = 1, down_ = 1;     // out_rate / in_rate in lowest terms
  int half_ = 0;              // filter taps on each side; 0: rates are equal, no filter
  int phases_ = 1;            // rows of the filter; between rows it is interpolated
  float* filter_ = nullptr;   // [phases + 1][2 * half]
  float* history_ = nullptr;  // [capacity of the buffer]: mono input
  int filled_ = 0;            // samples in history
  int next_ = 0;              // where in history the next output's taps begin
  int phase_ = 0;             // its time beyond the sample at next + half - 1, in 1 / up samples
  int64_t frames_in_ = 0, samples_out_ = 0;
};

}  // namespace parrotlet
