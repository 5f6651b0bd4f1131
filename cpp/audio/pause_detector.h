// Says where speech and pauses are, by how far the bands of a 10 ms frame rise above the noise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "audio/fft.h"
#include "core/arena.h"
#include "kernels/kernels.h"

namespace parrotlet {

// Speech is reported from its third frame on (50 ms after its first sound at the 95th percentile of
// recordings) and up to about 100 ms too long, so a cut should leave some room before the first
// frame with speech. Up to a second of noise that begins a stream, or follows 5 s of muted line,
// passes for speech: it cannot be told from speech yet.
//
// Frames lie on an absolute grid (frame f is samples 160 f .. 160 f + 159 of the stream), so the
// way the audio is cut into calls leaves no trace. Frame numbers count from the last Reset.
class PauseDetector {
 public:
  static constexpr int kFrameSamples = 160;       // at 16 kHz
  static constexpr int kRememberedFrames = 6000;  // 60 s; what the queries about the past can see

  // `kernels` must live as long as this.
  Status Configure(const Kernels& kernels);
  void Bind(Arena& arena);
  void Reset();

  // Takes samples (mono, 16 kHz, clipped to [-1, 1]) up to the end of the current frame and returns
  // how many; call again with the rest. Thus a caller sees every frame.
  size_t Push(const float* samples, size_t count);

  // Frames completed so far, and what was found in the last of them.
  int64_t frames() const { return frames_; }
  bool speech() const { return speech_; }
  float energy_db() const { return energy_db_; }  // dBFS between 125 and 6000 Hz, at least -100

  // Frames since the last one with speech; all of them when none had any.
  int64_t trailing_silence_frames() const { return frames_ - 1 - last_speech_; }

  // Whether a frame from the marked one on had speech. The mark may lie in the past.
  void Mark(int64_t frame) { mark_ = frame; }
  bool has_speech() const { return last_speech_ >= mark_; }

  // The first frame with speech at or after `begin`; frames() if none is remembered.
  int64_t FirstSpeech(int64_t begin) const;

  // How many of the frames from `begin` on had speech, as far as they are remembered.
  int64_t CountSpeech(int64_t begin) const;

  // The middle of the quietest run of `width` frames inside [begin, end), the latest of equals:
  // where to cut speech that does not pause. The window is clipped to what is remembered; `end`
  // when it then holds no whole run.
  int64_t QuietestFrame(int64_t begin, int64_t end, int width) const;

 private:
  static constexpr int kFft = 256;
  static constexpr int kBands = 9;
  static constexpr int kNoiseBlocks = 10;

  void EndFrame();
  float MeasureBands();
  void BeginNoiseBlock();
  void TrackNoise();
  float Evidence(const float* bands) const;

  const Kernels* kernels_ = nullptr;
  RealFft fft_;
  float* window_ = nullptr;    // [kFft]
  float* windowed_ = nullptr;  // [kFft]
  float* real_ = nullptr;      // [kFft / 2 + 1]
  float* imag_ = nullptr;      // [kFft / 2 + 1]
  float* samples_ = nullptr;   // [kFft]: the last ones, of which the current frame is the end
  float* power_ = nullptr;     // [kRememberedFrames], a ring: mean square between 125 and 6000 Hz
  uint8_t* spoken_ = nullptr;  // [kRememberedFrames], a ring
  float* least_ = nullptr;     // [kNoiseBlocks][kBands], a ring: least smoothed power in a block

  int filled_ = 0;  // samples of the current frame
  // Mean squares of each band: now, smoothed, of the noise, of the speech lately heard.
  float bands_[kBands], smoothed_[kBands], noise_[kBands], level_[kBands];
  int64_t frames_ = 0;
  int heard_ = 0;  // frames since the noise was unknown, muted ones not counted
  int64_t last_speech_ = -1, mark_ = 0;
  int loud_frames_ = 0;  // in a row
  bool speech_ = false;
  float energy_db_ = -100;
};

}  // namespace parrotlet
