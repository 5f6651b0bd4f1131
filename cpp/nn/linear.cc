#include "nn/linear.h"

#include "nn/linear_observer.h"

namespace parrotlet {

void Linear::Load(Weights& weights, const std::string& name, int outputs, int inputs) {
  weight_ = weights.Matrix(name + ".weight", outputs, inputs);
  bias_ = weights.OptionalFloats(name + ".bias", {outputs});
}

void Linear::Run(Workspace& work, const float* in, int in_stride, int rows, float* out,
                 int out_stride) const {
  const Kernels& kernels = *work.kernels;
  if (work.observer != nullptr) work.observer->See(kernels, weight_, in, in_stride, rows);
  const WeightFormat& format = weight_.format;
  const auto run = LinearFor(kernels, format);
  LinearArgs args;
  args.weight = &weight_;
  args.bias = bias_;
  args.in_stride = in_stride;
  args.act = work.quantized;
  args.out_stride = out_stride;
  for (int row = 0; row < rows; row += kRowBlock) {
    args.rows = std::min(kRowBlock, rows - row);
    args.in = in + size_t(row) * in_stride;
    args.out = out + size_t(row) * out_stride;
    if (format.rounds_rows()) {
      kernels.quantize_rows(args.in, in_stride, args.rows, weight_.depth, weight_.groups,
                            format.largest_activation(), work.quantized);
    }
    run(args);
  }
}

void LayerNorm::Load(Weights& weights, const std::string& name, int dim, float epsilon) {
  dim_ = dim;
  epsilon_ = epsilon;
  weight_ = weights.Floats(name + ".weight", {dim});
  bias_ = weights.OptionalFloats(name + ".bias", {dim});
}

void LayerNorm::LoadOptional(Weights& weights, const std::string& name, int dim, float epsilon) {
  if (weights.Has(name + ".weight")) Load(weights, name, dim, epsilon);
}

void LayerNorm::Run(Workspace& work, const float* in, int rows, float* out) const {
  work.kernels->layer_norm(in, rows, dim_, weight_, bias_, epsilon_, out);
}

}  // namespace parrotlet
