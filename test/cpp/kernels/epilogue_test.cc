// Every linear of every target with every epilogue gives the bits of the scalar linear followed by
// the scalar elementwise kernels.
#include <gtest/gtest.h>

#include "kernel_cases.h"

namespace parrotlet {
namespace {

constexpr int kRowCounts[] = {1, 2, 5, 9};
constexpr int kMaxRows = 9;
constexpr Activation kActivations[] = {Activation::kNone, Activation::kGelu, Activation::kSilu,
                                       Activation::kTanh};
constexpr Combine kCombines[] = {Combine::kNone, Combine::kGlu, Combine::kGatedSilu,
                                 Combine::kResidual};

const Kernels& Scalar() { return *AllKernels().back(); }

// A linear's weights and rows, its results without epilogue, and the values that these meet.
struct Case {
  WeightCase weight;
  std::vector<float> in, bias, plain, other;
  std::vector<int8_t> codes;
  std::vector<float> scale;
  std::vector<int32_t> code_sum;

  Case(WeightFormat format, int cols, int depth, Random& random)
      : weight(RandomWeight(format, cols, depth, random)),
        in(random.Floats(size_t(kMaxRows) * depth, -2, 2)),
        bias(random.Floats(cols, -1, 1)),
        plain(size_t(kMaxRows) * cols),
        other(random.Floats(size_t(kMaxRows) * cols, -3, 3)),
        codes(size_t(kMaxRows) * RoundUp(depth, kDepthStep)),
        scale(kMaxRows),
        code_sum(size_t(kMaxRows) * weight.groups) {
    if (format.rounds_rows()) {
      Scalar().quantize_rows(in.data(), depth, kMaxRows, depth, weight.groups,
                             format.largest_activation(),
                             {codes.data(), scale.data(), code_sum.data()});
    }
    LinearArgs args = Args(kMaxRows);
    args.out = plain.data();
    args.out_stride = cols;
    LinearFor(Scalar(), format)(args);
  }

  LinearArgs Args(int rows) {
    LinearArgs args;
    args.rows = rows;
    args.weight = &weight.packed.back()->matrix;
    args.in = in.data();
    args.in_stride = weight.depth;
    args.act = {codes.data(), scale.data(), code_sum.data()};
    args.bias = bias.data();
    return args;
  }
};

void Activate(Activation activation, std::vector<float>& values) {
  const int count = int(values.size());
  if (activation == Activation::kGelu) Scalar().gelu(values.data(), count, values.data());
  if (activation == Activation::kSilu) Scalar().silu(values.data(), count, values.data());
  if (activation == Activation::kTanh) Scalar().tanh(values.data(), count, values.data());
}

std::vector<float> Expected(const Case& linear, const Epilogue& epilogue) {
  std::vector<float> values = linear.plain;
  Activate(epilogue.activation, values);
  for (size_t i = 0; i < values.size(); ++i) {
    const float pair[] = {linear.other[i], values[i]};  // value and gate
    if (epilogue.combine == Combine::kGlu) Scalar().glu(pair, 1, 1, &values[i]);
    if (epilogue.combine == Combine::kGatedSilu) Scalar().gated_silu(pair, 1, 1, &values[i]);
    if (epilogue.combine != Combine::kResidual) continue;
    const float product = epilogue.factor * values[i];
    values[i] = linear.other[i] + product;
  }
  return values;
}

// The other values stand in rows of their own or, `in_place`, where the results go.
void Check(const Kernels& kernels, Case& linear, Epilogue epilogue, int rows, bool in_place,
           const std::vector<float>& expected) {
  const int cols = linear.weight.cols, stride = cols + 3;
  Guarded<float> out(size_t(rows) * stride), other(size_t(rows) * stride);
  for (int m = 0; m < rows; ++m) {
    for (int n = 0; n < cols; ++n) {
      (in_place ? out : other)[size_t(m) * stride + n] = linear.other[size_t(m) * cols + n];
    }
  }
  LinearArgs args = linear.Args(rows);
  args.out = out.data();
  args.out_stride = stride;
  args.epilogue = epilogue;
  if (epilogue.combine != Combine::kNone) {
    args.epilogue.other = in_place ? out.data() : other.data();
    args.epilogue.other_stride = stride;
  }
  LinearFor(kernels, linear.weight.format)(args);
  ASSERT_TRUE(out.intact());
  for (int m = 0; m < rows; ++m) {
    for (int n = 0; n < stride; ++n) {
      const size_t at = size_t(m) * stride + n;
      const bool right =
          n < cols ? SameBits(out[at], expected[size_t(m) * cols + n]) : out.untouched(at);
      ASSERT_TRUE(right) << kernels.target << ", " << FormatText(linear.weight.format) << ", "
                         << cols << " columns, row " << m << " of " << rows << ", column " << n
                         << ", activation " << int(epilogue.activation) << ", combine "
                         << int(epilogue.combine) << ": " << out[at];
    }
  }
}

void CheckFormat(const WeightFormat& format, int depth, int cols) {
  Random random(format.bits * 1009 + format.activation_bits * 31 + cols);
  Case linear(format, cols, depth, random);
  for (const Activation activation : kActivations) {
    for (const Combine combine : kCombines) {
      const Epilogue epilogue = {.activation = activation, .combine = combine, .factor = 0.3f};
      const std::vector<float> expected = Expected(linear, epilogue);
      for (const Kernels* kernels : SupportedKernels()) {
        for (const int rows : kRowCounts) {
          Check(*kernels, linear, epilogue, rows, rows % 2 == 0, expected);
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(Epilogue, OfFloatsEqualsTheSeparateKernels) {
  for (const int cols : {1, 17, 96, 103, 408}) {  // the last are several blocks of tiles
    CheckFormat({32, 0}, 37, cols);
    if (HasFatalFailure()) return;
  }
}

TEST(Epilogue, OfEveryQuantizedFormatEqualsTheSeparateKernels) {
  for (const int bits : {8, 4, 2}) {
    for (const Scheme scheme : kSchemes) {
      for (const int activation_bits : kActivationBits) {
        for (const int cols : {1, 40, 103, 408}) {
          CheckFormat({bits, 48, scheme, activation_bits}, 96, cols);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

}  // namespace
}  // namespace parrotlet
