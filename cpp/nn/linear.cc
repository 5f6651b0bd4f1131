#include "nn/linear.h"

#include "nn/linear_observer.h"

namespace parrotlet {
namespace {

// Calls product(arguments of a block of rows that are ready for `weight`, its first row): normed,
// and quantized if it wants them so.
template <typename Product>
void ForBlocks(Workspace& work, const PackedMatrix& weight, const LinearInput& in, int rows,
               Product product) {
  const Kernels& kernels = *work.kernels;
  const WeightFormat& format = weight.format;
  const int largest = format.largest_activation();
  LinearArgs args;
  args.act = work.quantized;
  for (int row = 0; row < rows; row += kRowBlock) {
    args.rows = std::min(kRowBlock, rows - row);
    args.in = in.rows + size_t(row) * in.stride;
    args.in_stride = in.stride;
    if (in.norm != nullptr && format.rounds_rows()) {
      kernels.layer_norm_quantize(args.in, args.rows, in.norm->weights(), weight.groups, largest,
                                  args.act);
    } else if (in.norm != nullptr) {
      in.norm->Run(work, args.in, args.rows, work.narrow);
      args.in = work.narrow;
    } else if (format.rounds_rows()) {
      kernels.quantize_rows(args.in, in.stride, args.rows, weight.depth, weight.groups, largest,
                            args.act);
    }
    // It watches matrices of floats alone, and for these the rows are floats.
    if (work.observer != nullptr && format.bits == 32) {
      work.observer->See(kernels, weight, args.in, in.stride, args.rows);
    }
    product(args, row);
  }
}

}  // namespace

void LayerNorm::Load(Weights& weights, const std::string& name, int dim, float epsilon) {
  norm_.dim = dim;
  norm_.epsilon = epsilon;
  norm_.weight = weights.Floats(name + ".weight", {dim});
  norm_.bias = weights.OptionalFloats(name + ".bias", {dim});
}

void LayerNorm::LoadOptional(Weights& weights, const std::string& name, int dim, float epsilon) {
  if (weights.Has(name + ".weight")) Load(weights, name, dim, epsilon);
}

void LayerNorm::Run(Workspace& work, const float* in, int rows, float* out) const {
  work.kernels->layer_norm(in, rows, norm_, out);
}

void Linear::Load(Weights& weights, const std::string& name, int outputs, int inputs) {
  weight_ = weights.Matrix(name + ".weight", outputs, inputs);
  bias_ = weights.OptionalFloats(name + ".bias", {outputs});
}

void Linear::Run(Workspace& work, const LinearInput& in, int rows, const LinearOutput& out) const {
  const auto run = LinearFor(*work.kernels, weight_.format);
  ForBlocks(work, weight_, in, rows, [&](LinearArgs& args, int row) {
    args.weight = &weight_;
    args.bias = bias_;
    args.out = out.rows + size_t(row) * out.stride;
    args.out_stride = out.stride;
    args.epilogue = out.epilogue;
    if (args.epilogue.combine != Combine::kNone) {
      args.epilogue.other += size_t(row) * args.epilogue.other_stride;
    }
    run(args);
  });
}

void GatedLinear::Load(Weights& weights, const std::string& name, int outputs, int inputs,
                       Combine gate) {
  combine_ = gate;
  const auto [values, gates] = weights.Halves(name + ".weight", 2 * outputs, inputs);
  value_ = values;
  gate_ = gates;
  bias_ = weights.OptionalFloats(name + ".bias", {2 * outputs});
}

// The values are written and, while they are in the cache, met by their gates. Tiles of both side
// by side would save one store and one load for 16 values, which have cost dozens of dot products,
// and would want a packing and shapes of tiles of their own.
void GatedLinear::Run(Workspace& work, const LinearInput& in, int rows, float* out,
                      int stride) const {
  const auto run = LinearFor(*work.kernels, value_.format);
  ForBlocks(work, value_, in, rows, [&](LinearArgs& args, int row) {
    args.weight = &value_;
    args.bias = bias_;
    args.out = out + size_t(row) * stride;
    args.out_stride = stride;
    args.epilogue = {};
    run(args);
    args.weight = &gate_;
    if (bias_ != nullptr) args.bias = bias_ + value_.cols;
    args.epilogue = {.combine = combine_, .other = args.out, .other_stride = stride};
    run(args);
  });
}

}  // namespace parrotlet
