#include "nn/feed_forward.h"

namespace parrotlet {

void FeedForward::Load(Weights& weights, const std::string& name, int dim, int width,
                       Activation activation, bool gated, float epsilon) {
  dim_ = dim;
  width_ = width;
  gated_ = gated;
  activation_ = activation;
  norm_.Load(weights, name + ".norm", dim, epsilon);
  if (gated) {
    gated_in_.Load(weights, name + ".in", width, dim, Combine::kGatedSilu);
  } else {
    in_.Load(weights, name + ".in", width, dim);
  }
  out_.Load(weights, name + ".out", dim, width);
}

void FeedForward::AddNeeds(WorkspaceNeeds& needs) const {
  if (gated_) {
    gated_in_.AddNeeds(needs);
  } else {
    in_.AddNeeds(needs);
  }
  out_.AddNeeds(needs);
  needs.wide = std::max(needs.wide, width_);
  needs.narrow = std::max(needs.narrow, dim_);
}

void FeedForward::Run(Workspace& work, float* x, int rows, float factor) const {
  for (int row = 0; row < rows; row += kRowBlock) {
    const int block = std::min(kRowBlock, rows - row);
    float* block_x = x + size_t(row) * dim_;
    const LinearInput in = {block_x, dim_, &norm_};
    if (gated_) {
      gated_in_.Run(work, in, block, work.wide, width_);
    } else {
      in_.Run(work, in, block, {work.wide, width_, {.activation = activation_}});
    }
    out_.Run(work, {work.wide, width_}, block, AddTo(block_x, dim_, factor));
  }
}

}  // namespace parrotlet
