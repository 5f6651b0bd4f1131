#include "fused_case.h"

#include <memory>
#include <vector>

#include "linear_case.h"

namespace parrotlet {
namespace {

constexpr int kDim = 288, kWide = 1152;

using Floats = std::shared_ptr<std::vector<float>>;

Floats MakeFloats(size_t count, float value) {
  return std::make_shared<std::vector<float>>(count, value);
}

std::shared_ptr<const LinearCase> MakeLinear(const Kernels& kernels, int bits, int group, int rows,
                                             int depth, int cols) {
  const WeightFormat format = {bits, bits == 32 ? 0 : group};
  return std::make_shared<const LinearCase>(kernels, format, rows, depth, cols);
}

// A feed-forward's first linear and its activation.
FusedCase Activated(const Kernels& kernels, int bits, int rows) {
  const auto linear = MakeLinear(kernels, bits, 48, rows, kDim, kWide);
  float* out = linear->args().out;
  return {[&kernels, linear, out, rows] {
            linear->Run();
            kernels.gelu(out, rows * kWide, out);
          },
          [linear] {
            linear->Round();
            linear->Multiply({.activation = Activation::kGelu});
          }};
}

// Its last linear and the residual.
FusedCase Added(const Kernels& kernels, int bits, int rows) {
  const auto linear = MakeLinear(kernels, bits, 96, rows, kWide, kDim);
  const Floats x = MakeFloats(size_t(rows) * kDim, 0.5f);
  return {[linear, x] {
            linear->Run();
            const float* out = linear->args().out;
            for (size_t i = 0; i < x->size(); ++i) (*x)[i] += 0.5f * out[i];
          },
          [linear, x] {
            linear->Round();
            linear->Multiply({.combine = Combine::kResidual,
                              .other = x->data(),
                              .other_stride = kDim,
                              .factor = 0.5f});
          }};
}

// A decoder's gated feed-forward: one linear of values and gates, or two.
FusedCase Gated(const Kernels& kernels, int bits, int rows) {
  const auto both = MakeLinear(kernels, bits, 48, rows, kDim, 2 * kWide);
  const auto value = MakeLinear(kernels, bits, 48, rows, kDim, kWide);
  const auto gate = MakeLinear(kernels, bits, 48, rows, kDim, kWide);
  const Floats out = MakeFloats(size_t(rows) * kWide, 0);
  gate->Round();
  return {
      [&kernels, both, out, rows] {
        both->Run();
        kernels.gated_silu(both->args().out, rows, kWide, out->data());
      },
      [value, gate] {
        value->Run();
        gate->Multiply(
            {.combine = Combine::kGatedSilu, .other = value->args().out, .other_stride = kWide});
      }};
}

// The norm in front of a linear, and the rounding of its rows.
FusedCase Normed(const Kernels& kernels, int bits, int rows) {
  const auto linear = MakeLinear(kernels, bits, 48, rows, kDim, kDim);
  const Floats weight = MakeFloats(kDim, 1.5f), normed = MakeFloats(size_t(rows) * kDim, 0);
  const LinearArgs& args = linear->args();
  const auto norm = [weight] { return NormWeights{kDim, weight->data(), nullptr, 1e-5f}; };
  return {[&kernels, linear, &args, norm, normed, rows] {
            kernels.layer_norm(args.in, rows, norm(), normed->data());
            kernels.quantize_rows(normed->data(), kDim, rows, kDim, args.weight->groups, 127,
                                  args.act);
          },
          [&kernels, linear, &args, norm, rows] {
            kernels.layer_norm_quantize(args.in, rows, norm(), args.weight->groups, 127, args.act);
          }};
}

}  // namespace

FusedCase MakeFused(const Kernels& kernels, const std::string& fusion, int bits, int rows) {
  if (fusion == "linear+gelu") return Activated(kernels, bits, rows);
  if (fusion == "linear+residual") return Added(kernels, bits, rows);
  if (fusion == "linear+gate") return Gated(kernels, bits, rows);
  return Normed(kernels, bits, rows);
}

}  // namespace parrotlet
