#include "nn/front_end.h"

#include <algorithm>
#include <cstring>

namespace parrotlet {

void FrontEnd::Load(Weights& weights, const Config& config) {
  config_ = config.front_end;
  sample_rate_ = config.sample_rate;
  if (config_.kind == FrontEndConfig::Kind::kLogMel) {
    width_ = config_.mel_bins;
    frame_samples_ = config_.hop;
    window_samples_ = config_.window;
    max_outputs_ = kMaxSamples / config_.hop + 2;
    mel_mean_ = weights.OptionalFloats("frontend.mel.mean", {config_.mel_bins});
    mel_scale_ = weights.OptionalFloats("frontend.mel.scale", {config_.mel_bins});
    LogMel probe;
    if (const Status status = probe.Configure(MelOptions(), *AllKernels().back()); !status.ok()) {
      weights.Fail(Status::Error(Code::kModelUnsupported, "frontEnd: %s", status.message));
    }
    return;
  }

  conv_count_ = config_.convs.size();
  frame_samples_ = window_samples_ = 1;
  int rows = kMaxSamples;
  between_ = 0;
  for (size_t i = 0; i < conv_count_; ++i) {
    const ConvConfig& conv = config_.convs[i];
    StridedConvShape shape;
    shape.in_dim = conv.in_channels;
    shape.out_dim = conv.out_channels;
    shape.kernel = conv.kernel;
    shape.stride = conv.stride;
    shape.activation = conv.activation;
    convs_[i].Load(weights, "frontend.conv." + std::to_string(i), shape);
    window_samples_ += (conv.kernel - 1) * frame_samples_;
    frame_samples_ *= conv.stride;
    max_in_[i] = rows;
    rows = convs_[i].MaxOutputs(rows);
    between_ = std::max(between_, rows * conv.out_channels);
  }
  norm_.Load(weights, config_, config_.convs[0].out_channels);
  width_ = config_.convs.back().out_channels;
  max_outputs_ = rows;
}

LogMelOptions FrontEnd::MelOptions() const {
  LogMelOptions options;
  options.sample_rate = sample_rate_;
  options.window = config_.window;
  options.hop = config_.hop;
  options.fft = config_.fft;
  options.mel_bins = config_.mel_bins;
  options.low_hz = config_.low_hz;
  options.high_hz = config_.high_hz;
  options.pre_emphasis = config_.pre_emphasis;
  options.log_floor = config_.log_floor;
  return options;
}

void FrontEnd::AddNeeds(WorkspaceNeeds& needs) const {
  for (size_t i = 0; i < conv_count_; ++i) convs_[i].AddNeeds(needs);
}

Status FrontEnd::Bind(Arena& arena, State& state, const Kernels& kernels,
                      int64_t max_samples) const {
  if (config_.kind == FrontEndConfig::Kind::kLogMel) {
    const Status status = state.mel.Configure(MelOptions(), kernels);
    if (status.ok()) state.mel.Bind(arena);
    return status;
  }
  for (size_t i = 0; i < conv_count_; ++i) convs_[i].Bind(arena, state.convs[i], max_in_[i]);
  state.ping = arena.Take<float>(between_);
  state.pong = arena.Take<float>(between_);
  if (config_.norm == NormKind::kUtterance) {
    state.whole_capacity = int(max_samples / config_.convs[0].stride) + 1;
    state.whole = arena.Take<float>(size_t(state.whole_capacity) * config_.convs[0].out_channels);
  }
  return {};
}

void FrontEnd::Reset(State& state) const {
  if (config_.kind == FrontEndConfig::Kind::kLogMel) {
    state.mel.Reset();
    return;
  }
  for (size_t i = 0; i < conv_count_; ++i) convs_[i].Reset(state.convs[i]);
  norm_.Reset(state.norm);
  state.whole_rows = state.whole_used = 0;
  state.normalized = false;
}

int FrontEnd::Step(State& state, Workspace& work, const float* samples, int count,
                   float* frames) const {
  if (config_.kind == FrontEndConfig::Kind::kLogMel) {
    int rows = 0;
    for (size_t done = 0; done < size_t(count);) {
      const Progress progress = state.mel.Push(samples + done, count - done,
                                               frames + size_t(rows) * width_, max_outputs_ - rows);
      done += progress.consumed;
      rows += int(progress.produced);
    }
    return Normalize(frames, rows);
  }

  const int rows = convs_[0].Step(state.convs[0], work, samples, count, state.ping);
  const int channels = config_.convs[0].out_channels;
  if (config_.norm == NormKind::kUtterance) {
    std::memcpy(state.whole + size_t(state.whole_rows) * channels, state.ping,
                sizeof(float) * rows * channels);
    state.whole_rows += rows;
    return 0;
  }
  norm_.Step(state.norm, work, state.ping, rows);
  return RunConvs(state, work, state.ping, rows, frames);
}

int FrontEnd::Flush(State& state, Workspace& work, float* frames) const {
  if (state.whole == nullptr || state.whole_rows == 0) return 0;
  if (!state.normalized) norm_.Whole(work, state.whole, state.whole_rows);
  state.normalized = true;
  const int channels = config_.convs[0].out_channels;
  while (state.whole_used < state.whole_rows) {
    const int rows = std::min(between_ / channels, state.whole_rows - state.whole_used);
    const int block = conv_count_ > 1 ? std::min(rows, max_in_[1]) : std::min(rows, max_outputs_);
    const float* in = state.whole + size_t(state.whole_used) * channels;
    state.whole_used += block;
    if (const int written = RunConvs(state, work, in, block, frames)) return written;
  }
  return 0;
}

// The convolutions after the first, on normalized frames.
int FrontEnd::RunConvs(State& state, Workspace& work, const float* in, int rows,
                       float* frames) const {
  for (size_t i = 1; i < conv_count_; ++i) {
    float* out = i + 1 == conv_count_ ? frames : i % 2 == 1 ? state.pong : state.ping;
    rows = convs_[i].Step(state.convs[i], work, in, rows, out);
    in = out;
  }
  if (conv_count_ == 1) std::memcpy(frames, in, sizeof(float) * rows * width_);
  return rows;
}

int FrontEnd::Normalize(float* frames, int rows) const {
  for (int row = 0; row < rows; ++row) {
    float* frame = frames + size_t(row) * width_;
    for (int bin = 0; bin < width_; ++bin) {
      if (mel_mean_ != nullptr) frame[bin] -= mel_mean_[bin];
      if (mel_scale_ != nullptr) frame[bin] *= mel_scale_[bin];
    }
  }
  return rows;
}

}  // namespace parrotlet
