#include "nn/running_norm.h"

#include <cmath>

namespace parrotlet {

void RunningNorm::Load(Weights& weights, const FrontEndConfig& config, int channels) {
  channels_ = channels;
  epsilon_ = config.norm_epsilon;
  prior_frames_ = config.prior_frames;
  prior_mean_ = config.prior_mean;
  prior_mean_square_ = double(config.prior_variance) + prior_mean_ * prior_mean_;
  weight_ = weights.Floats("frontend.norm.weight", {channels});
  bias_ = weights.Floats("frontend.norm.bias", {channels});
}

void RunningNorm::Scale(float* x, float mean, float inverse) const {
  for (int c = 0; c < channels_; ++c) x[c] = (x[c] - mean) * inverse * weight_[c] + bias_[c];
}

void RunningNorm::Step(State& state, Workspace& work, float* x, int rows) const {
  float sum[kRowBlock], squares[kRowBlock];
  for (int row = 0; row < rows; row += kRowBlock) {
    const int block = std::min(kRowBlock, rows - row);
    work.kernels->row_moments(x + size_t(row) * channels_, block, channels_, sum, squares);
    for (int i = 0; i < block; ++i) {
      state.sum += double(sum[i]) / channels_;
      state.sum_squares += double(squares[i]) / channels_;
      state.frames += 1;
      const double weight = double(state.frames) + prior_frames_;
      const double mean = (state.sum + prior_frames_ * prior_mean_) / weight;
      const double mean_square = (state.sum_squares + prior_frames_ * prior_mean_square_) / weight;
      // The floor keeps digital silence from being amplified into noise.
      const double variance = std::max(mean_square - mean * mean, 1e-6);
      Scale(x + size_t(row + i) * channels_, float(mean),
            float(1.0 / std::sqrt(variance + epsilon_)));
    }
  }
}

void RunningNorm::Whole(Workspace& work, float* x, int rows) const {
  float sum[kRowBlock], squares[kRowBlock];
  double total = 0;
  for (int row = 0; row < rows; row += kRowBlock) {
    const int block = std::min(kRowBlock, rows - row);
    work.kernels->row_moments(x + size_t(row) * channels_, block, channels_, sum, squares);
    for (int i = 0; i < block; ++i) total += sum[i];
  }
  const double count = double(rows) * channels_;
  const double mean = total / count;
  // The variance is taken about the mean: squares of a nearly constant signal would cancel.
  double deviation = 0;
  for (size_t i = 0; i < size_t(rows) * channels_; ++i) {
    const double d = x[i] - mean;
    deviation += d * d;
  }
  const float inverse = float(1.0 / std::sqrt(deviation / count + epsilon_));
  for (int row = 0; row < rows; ++row) Scale(x + size_t(row) * channels_, float(mean), inverse);
}

}  // namespace parrotlet
