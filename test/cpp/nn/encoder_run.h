// Runs a model's encoder alone over samples, as a session does but with a free choice of steps.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "nn/tiny_model.h"
#include "random_cuts.h"

namespace parrotlet {

class EncoderRun {
 public:
  // `chunk_frames` and `lookahead_frames` as in Encoder::Plan.
  EncoderRun(std::shared_ptr<const AsrModel> model, const Kernels& kernels, int chunk_frames = 0,
             int lookahead_frames = 0)
      : model_(std::move(model)) {
    const Encoder& encoder = model_->encoder();
    const Result<EncoderPlan> plan =
        encoder.Plan(chunk_frames, lookahead_frames, model_->config().max_segment_seconds);
    EXPECT_TRUE(plan.ok()) << plan.status().message;
    plan_ = plan.value();
    work_.kernels = &kernels;
    Status bound;
    const Status laid = arena_.Build([&](Arena& arena) {
      WorkspaceNeeds needs;
      encoder.AddNeeds(needs, plan_);
      work_.Bind(arena, needs);
      bound = encoder.Bind(arena, state_, kernels, plan_);
    });
    EXPECT_TRUE(laid.ok() && bound.ok()) << laid.message << bound.message;
    memory_.resize(size_t(plan_.max_frames) * encoder.dim());
    encoder.Reset(state_);
  }

  void Reset() { model_->encoder().Reset(state_); }

  void Step(const float* samples, size_t count) {
    for (size_t done = 0; done < count;) {
      const int taken = int(std::min<size_t>(count - done, FrontEnd::kMaxSamples));
      model_->encoder().Step(state_, work_, plan_, samples + done, taken, memory_.data());
      done += taken;
    }
  }
  void Flush() {
    model_->encoder().Drain(state_, work_, plan_, memory_.data());
    model_->encoder().RunGathered(state_, work_, plan_, memory_.data());
  }

  // The frames so far, [frames][dim].
  std::vector<float> memory() const {
    return {memory_.begin(), memory_.begin() + long(frames()) * model_->encoder().dim()};
  }
  int frames() const { return state_.total(); }
  int settled() const { return state_.settled; }
  int64_t chunk_end() const { return model_->encoder().ChunkEnd(state_, plan_); }
  const EncoderPlan& plan() const { return plan_; }
  size_t state_bytes() const { return arena_.bytes(); }

  // The whole of `samples` in steps of at most `step`, or in random cuts when that is 0.
  std::vector<float> Whole(const std::vector<float>& samples, size_t step, uint32_t seed = 1) {
    Reset();
    if (step == 0) {
      InRandomCuts(samples.size(), seed,
                   [&](size_t begin, size_t count) { Step(samples.data() + begin, count); });
    } else {
      for (size_t at = 0; at < samples.size(); at += step) {
        Step(samples.data() + at, std::min(step, samples.size() - at));
      }
    }
    Flush();
    return memory();
  }

 private:
  std::shared_ptr<const AsrModel> model_;
  EncoderPlan plan_;
  Arena arena_;
  Workspace work_;
  Encoder::State state_;
  std::vector<float> memory_;
};

}  // namespace parrotlet
