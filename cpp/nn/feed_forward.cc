#include "nn/feed_forward.h"

#include "nn/strided_conv.h"

namespace parrotlet {

void FeedForward::Load(Weights& weights, const std::string& name, int dim, int width,
                       Activation activation, bool gated, float epsilon) {
  dim_ = dim;
  width_ = width;
  gated_ = gated;
  activation_ = activation;
  norm_.Load(weights, name + ".norm", dim, epsilon);
  in_.Load(weights, name + ".in", gated ? 2 * width : width, dim);
  out_.Load(weights, name + ".out", dim, width);
}

void FeedForward::AddNeeds(WorkspaceNeeds& needs) const {
  in_.AddNeeds(needs);
  out_.AddNeeds(needs);
  needs.wide = std::max(needs.wide, in_.outputs());
  needs.narrow = std::max(needs.narrow, std::max(dim_, width_));
}

void FeedForward::Run(Workspace& work, float* x, int rows, float factor) const {
  for (int row = 0; row < rows; row += kRowBlock) {
    const int block = std::min(kRowBlock, rows - row);
    float* block_x = x + size_t(row) * dim_;
    norm_.Run(work, block_x, block, work.narrow);
    in_.Run(work, work.narrow, dim_, block, work.wide, in_.outputs());
    float* hidden = work.wide;
    if (gated_) {
      hidden = work.narrow;
      work.kernels->gated_silu(work.wide, block, width_, hidden);
    } else {
      Activate(work, activation_, hidden, block * width_);
    }
    out_.Run(work, hidden, width_, block, work.context, dim_);
    AddScaled(block_x, work.context, factor, block * dim_);
  }
}

}  // namespace parrotlet
