// From samples to the encoder's first frames: convolutions over the waveform, or log-mel energies.
#pragma once

#include <array>

#include "audio/log_mel.h"
#include "core/arena.h"
#include "model/config.h"
#include "nn/running_norm.h"
#include "nn/strided_conv.h"

namespace parrotlet {

class FrontEnd {
 public:
  static constexpr int kMaxSamples = 2560;  // most samples of one step
  static constexpr int kMaxConvs = 8;       // as in the model format

  struct State {
    std::array<StridedConv::State, kMaxConvs> convs;
    RunningNorm::State norm;
    float* ping = nullptr;  // frames between two convolutions
    float* pong = nullptr;
    float* whole = nullptr;  // NormKind::kUtterance: the first convolution's frames, all of them
    int whole_rows = 0, whole_used = 0, whole_capacity = 0;
    bool normalized = false;
    LogMel mel;
  };

  void Load(Weights& weights, const Config& config);
  void AddNeeds(WorkspaceNeeds& needs) const;
  Status Bind(Arena& arena, State& state, const Kernels& kernels, int64_t max_samples) const;
  void Reset(State& state) const;

  int width() const { return width_; }
  int frame_samples() const { return frame_samples_; }    // from one frame to the next
  int window_samples() const { return window_samples_; }  // heard by one frame
  int MaxOutputs() const { return max_outputs_; }         // frames of one step or flush
  // Whether no frame comes before the end of the segment.
  bool needs_whole_segment() const {
    return config_.kind == FrontEndConfig::Kind::kWaveform && config_.norm == NormKind::kUtterance;
  }

  // Takes up to kMaxSamples samples; writes frames [n][width], returns n.
  int Step(State& state, Workspace& work, const float* samples, int count, float* frames) const;

  // End of input: call until it returns 0.
  int Flush(State& state, Workspace& work, float* frames) const;

 private:
  LogMelOptions MelOptions() const;
  int RunConvs(State& state, Workspace& work, const float* in, int rows, float* frames) const;
  int Normalize(float* frames, int rows) const;

  FrontEndConfig config_;
  std::array<StridedConv, kMaxConvs> convs_;
  size_t conv_count_ = 0;
  std::array<int, kMaxConvs> max_in_ = {};  // frames that a step feeds to each convolution
  int between_ = 0;                         // floats between two convolutions at most
  RunningNorm norm_;
  const float* mel_mean_ = nullptr;
  const float* mel_scale_ = nullptr;
  int sample_rate_ = 16000;
  int width_ = 0, frame_samples_ = 1, window_samples_ = 1, max_outputs_ = 0;
};

}  // namespace parrotlet
