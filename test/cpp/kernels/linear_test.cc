// Every linear of every target equals, bit for bit, its definition in kernels/kernels.h.
#include <gtest/gtest.h>

#include "kernel_cases.h"

namespace parrotlet {
namespace {

const std::vector<int> kRowCounts = {1, 2, 3, 4, 5, 8, 16, 27};
constexpr int kMaxRows = 27;

// Rows of activations as quantize_rows would leave them, but of any values.
struct ActCase {
  int depth, padded, groups;
  std::vector<int8_t> codes;
  std::vector<float> scale;
  std::vector<int32_t> code_sum;

  template <typename Code>
  ActCase(int rows, int depth, int groups, Random& random, Code code)
      : depth(depth), padded(RoundUp(depth, kDepthStep)), groups(groups) {
    scale = random.Floats(rows, 0.001f, 0.1f);
    codes.resize(size_t(rows) * padded);
    code_sum.resize(size_t(rows) * groups);
    for (int m = 0; m < rows; ++m) {
      for (int k = 0; k < depth; ++k) {
        codes[size_t(m) * padded + k] = int8_t(code(m, k));
        code_sum[m * groups + k / (depth / groups)] += codes[size_t(m) * padded + k];
      }
    }
  }

  QuantizedRows rows_from(int m) {
    return {codes.data() + size_t(m) * padded, scale.data() + m, code_sum.data() + m * groups};
  }
};

// The definition, from the plain integers: no packing, no tiles, dots in 64 bits.
std::vector<float> Reference(const WeightCase& weight, const ActCase& act, const float* bias,
                             int rows) {
  const int group_size = weight.depth / weight.groups;
  std::vector<float> out;
  for (int m = 0; m < rows; ++m) {
    for (int n = 0; n < weight.cols; ++n) {
      float s = 0;
      for (int g = 0; g < weight.groups; ++g) {
        int64_t dot = 0;
        for (int k = g * group_size; k < (g + 1) * group_size; ++k) {
          dot += act.codes[size_t(m) * act.padded + k] * weight.codes[size_t(n) * weight.depth + k];
        }
        const float scale = act.scale[m] * weight.scale[n * weight.groups + g];
        const float term = float(int32_t(dot)) * scale;
        s = s + term;
        if (weight.zero.empty()) continue;
        const float zero = act.scale[m] * weight.zero[n * weight.groups + g];
        const float shift = float(act.code_sum[m * act.groups + g]) * zero;
        s = s - shift;
      }
      out.push_back(bias == nullptr ? s : s + bias[n]);
    }
  }
  return out;
}

std::vector<float> Reference(const WeightCase& weight, const std::vector<float>& in, int in_stride,
                             const float* bias, int rows) {
  std::vector<float> out;
  for (int m = 0; m < rows; ++m) {
    for (int n = 0; n < weight.cols; ++n) {
      float s = 0;
      for (int k = 0; k < weight.depth; ++k) {
        const float term =
            in[size_t(m) * in_stride + k] * weight.floats[size_t(n) * weight.depth + k];
        s = s + term;
      }
      out.push_back(bias == nullptr ? s : s + bias[n]);
    }
  }
  return out;
}

// Runs `args` on `rows` rows into rows of `cols + 3` and checks what was and was not written.
void CheckRun(const Kernels& kernels, LinearArgs args, int rows,
              const std::vector<float>& expected) {
  const int cols = args.weight->cols;
  Guarded<float> out(size_t(rows) * (cols + 3));
  args.rows = rows;
  args.out = out.data();
  args.out_stride = cols + 3;
  LinearFor(kernels, args.weight->format)(args);
  ASSERT_TRUE(out.intact());
  for (int m = 0; m < rows; ++m) {
    for (int n = 0; n < cols + 3; ++n) {
      const size_t at = size_t(m) * (cols + 3) + n;
      if (n < cols) {
        ASSERT_TRUE(SameBits(out[at], expected[size_t(m) * cols + n]))
            << kernels.target << ", " << FormatText(args.weight->format) << ", depth "
            << args.weight->depth << ", " << cols << " columns, row " << m << " of " << rows
            << ", column " << n << ": " << out[at] << ", not " << expected[size_t(m) * cols + n];
      } else {
        ASSERT_TRUE(out.untouched(at)) << kernels.target << " wrote beyond the columns";
      }
    }
  }
}

void CheckQuantized(const WeightCase& weight, ActCase& act, const float* bias,
                    const std::vector<int>& row_counts = kRowCounts) {
  const std::vector<float> expected = Reference(weight, act, bias, row_counts.back());
  for (const Kernels* kernels : SupportedKernels()) {
    for (const auto& packed : weight.packed) {
      for (int rows : row_counts) {
        LinearArgs args;
        args.weight = &packed->matrix;
        args.act = act.rows_from(0);
        args.bias = bias;
        CheckRun(*kernels, args, rows, expected);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

void CheckFloats(const WeightCase& weight, const std::vector<float>& in, int in_stride,
                 const float* bias) {
  const std::vector<float> expected = Reference(weight, in, in_stride, bias, kMaxRows);
  for (const Kernels* kernels : SupportedKernels()) {
    for (const auto& packed : weight.packed) {
      for (int rows : kRowCounts) {
        LinearArgs args;
        args.weight = &packed->matrix;
        args.in = in.data();
        args.in_stride = in_stride;
        args.bias = bias;
        CheckRun(*kernels, args, rows, expected);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

// Float activations of a matrix; past the last row's inputs stands what must not be read.
std::vector<float> FloatRows(Random& random, int depth, int in_stride) {
  std::vector<float> in = random.Floats(size_t(kMaxRows) * in_stride, -2, 2);
  for (size_t i = 0; i < in.size(); ++i) {
    if (int(i % in_stride) >= depth) in[i] = NAN;
  }
  return in;
}

void CheckRandom(WeightFormat format, int depth, int cols) {
  Random random(format.bits * 1000003 + depth * 1009 + cols * 31 + format.group_size);
  const WeightCase weight = RandomWeight(format, cols, depth, random);
  const std::vector<float> bias = random.Floats(cols, -1, 1);
  const float* added = cols % 2 == 0 ? bias.data() : nullptr;
  if (format.rounds_rows()) {
    const int most = format.largest_activation();
    ActCase act(kMaxRows, depth, weight.groups, random,
                [&](int, int) { return random.Int(-most, most); });
    CheckQuantized(weight, act, added);
  } else {
    CheckFloats(weight, FloatRows(random, depth, depth + 5), depth + 5, added);
  }
}

TEST(Linear, EveryWidthAndGroupSizeEqualsTheDefinition) {
  for (int bits : {8, 4, 2}) {
    for (int depth : {127, 144, 288, 512, 576, 1152, 2016}) {
      for (int group_size : {16, 32, 48, 64, 96, 128, 144, 256, depth}) {
        if (depth % group_size != 0) continue;
        for (int cols : {1, 17, 40, 80}) {
          CheckRandom({bits, group_size}, depth, cols);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// As many rows as half a minute has frames, and as many columns as there are word pieces.
TEST(Linear, ManyRowsAndColumnsEqualTheDefinition) {
  for (int bits : {8, 4, 2}) {
    const WeightFormat format{bits, 96, bits == 2 ? Scheme::kMidRise : Scheme::kSymmetric};
    const std::pair<int, int> shapes[] = {{1000, 17}, {2, 18539}};
    for (const auto& [rows, cols] : shapes) {
      Random random(rows + bits);
      const WeightCase weight = RandomWeight(format, cols, 288, random);
      const int most = format.largest_activation();
      ActCase act(rows, 288, weight.groups, random,
                  [&](int, int) { return random.Int(-most, most); });
      CheckQuantized(weight, act, nullptr, {rows});
      if (HasFatalFailure()) return;
    }
  }
}

// Every scheme with every kind of activations, but for the pair that the test above has walked.
TEST(Linear, EverySchemeAndKindOfActivationsEqualsTheDefinition) {
  for (int bits : {8, 4, 2}) {
    for (Scheme scheme : kSchemes) {
      for (int activation_bits : kActivationBits) {
        if (scheme == Scheme::kSymmetric && activation_bits == 8) continue;
        for (int depth : {96, 127, 144, 256, 288, 576}) {
          for (int group_size : {16, 32, 48, 64, 96, 128, 144, depth}) {
            if (depth % group_size != 0) continue;
            CheckRandom({bits, group_size, scheme, activation_bits}, depth, depth == 288 ? 17 : 72);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

TEST(Linear, EveryColumnCountEqualsTheDefinition) {
  for (int bits : {8, 4, 2}) {
    for (int cols = 1; cols <= 41; ++cols) {
      for (int group_size : {48, 144}) {
        CheckRandom({bits, group_size}, 144, cols == 41 ? 288 : cols);
        if (HasFatalFailure()) return;
      }
      const Scheme scheme = kSchemes[cols % 3];
      for (int activation_bits : {4, 32}) {
        CheckRandom({bits, 48, scheme, activation_bits}, 144, cols);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Every depth up to two lines of the narrowest codes and one input: the last plane is cut anywhere.
TEST(Linear, EveryTailOfFloatActivationsEqualsTheDefinition) {
  for (int bits : {8, 4, 2}) {
    for (int depth = 1; depth <= 33; ++depth) {
      CheckRandom({bits, depth, kSchemes[depth % 3], 32}, depth, 19);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Linear, ExtremeValuesStayExact) {
  for (int bits : {8, 4, 2}) {
    const int low = -(1 << (bits - 1)), high = -low - 1;
    for (int depth : {2016, 8192}) {
      for (int group_size : {32, depth}) {
        for (int sign : {1, -1}) {
          for (int code : {low, high}) {
            Random random(depth + code);
            const WeightFormat format{bits, group_size, kSchemes[(depth / 16 + sign) % 3]};
            const WeightCase weight(format, 17, depth, random, [&](int n, int k) {
              return n % 3 == 0 ? code : n % 3 == 1 ? (k % 2 == 0 ? low : high) : 0;
            });
            ActCase act(kMaxRows, depth, weight.groups, random, [&](int m, int k) {
              return m % 3 == 0 ? 127 * sign : m % 3 == 1 ? (k % 2 == 0 ? 127 : -127) : k % 5 - 2;
            });
            CheckQuantized(weight, act, nullptr);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

// The longest group that a model may have: the kernels' sums, widened or not, must hold all of it.
TEST(Linear, TheLongestGroupStaysExact) {
  for (int bits : {8, 4, 2}) {
    for (int sign : {1, -1}) {
      Random random(bits);
      const int low = -(1 << (bits - 1));
      const WeightFormat format{bits, kMaxGroupSize, Scheme::kAffine};
      const WeightCase weight(format, 2, kMaxGroupSize, random,
                              [&](int n, int) { return n == 0 ? low : -low - 1; });
      ActCase act(kMaxRows, kMaxGroupSize, 1, random, [&](int, int) { return 127 * sign; });
      CheckQuantized(weight, act, nullptr);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Linear, Float32EqualsTheDefinition) {
  for (int depth : {1, 15, 127, 144, 288}) {
    for (int cols : {1, 15, 16, 17, 33, 63, 64, 65, 288}) {
      Random random(depth * 1009 + cols);
      const WeightCase weight = RandomWeight({32, 0}, cols, depth, random);
      const int in_stride = depth + 5;
      const std::vector<float> in = random.Floats(size_t(kMaxRows) * in_stride, -2, 2);
      const std::vector<float> bias = random.Floats(cols, -1, 1);
      for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
        CheckFloats(weight, in, in_stride, b);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Linear, ANullBiasLeavesMinusZero) {
  Random random(1);
  const WeightCase weight({4, 16}, 16, 16, random, [](int, int) { return 0; });
  EXPECT_TRUE(weight.zero.empty());
  ActCase act(kMaxRows, 16, 1, random, [](int, int) { return 1; });
  const std::vector<float> bias(16, -0.0f);
  CheckQuantized(weight, act, nullptr);
  CheckQuantized(weight, act, bias.data());
}

}  // namespace
}  // namespace parrotlet
