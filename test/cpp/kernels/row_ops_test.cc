// Quantization, normalization, softmax and reductions over rows: the definitions of
// kernels/kernels.h, transcribed with its 16 partial sums, against every target.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "kernel_cases.h"

namespace parrotlet {
namespace {

constexpr int kRows = 5;
constexpr int kDims[] = {1, 3, 15, 16, 17, 31, 32, 48, 144, 288, 453};

// Element i goes to sum i mod 16; sums fold in halves.
float SumOf(int count, const std::function<float(int)>& value) {
  float sums[16] = {};
  for (int i = 0; i < count; ++i) sums[i % 16] = sums[i % 16] + value(i);
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) sums[i] = sums[i] + sums[i + half];
  }
  return sums[0];
}

const Kernels& Scalar() { return *AllKernels().back(); }

struct Quantized {
  std::vector<int8_t> codes;
  std::vector<float> scale;
  std::vector<int32_t> code_sum;
  bool operator==(const Quantized&) const = default;
};

Quantized QuantizedByDefinition(const std::vector<float>& in, int rows, int depth, int groups,
                                int largest) {
  Quantized result;
  for (int m = 0; m < rows; ++m) {
    const float* x = in.data() + size_t(m) * depth;
    float max = 0;
    for (int k = 0; k < depth; ++k) max = std::max(max, std::abs(x[k]));
    const bool silent = max < 1e-30f;
    result.scale.push_back(silent ? 0 : max / float(largest));
    for (int g = 0; g < groups; ++g) {
      int sum = 0;
      for (int k = g * (depth / groups); k < (g + 1) * (depth / groups); ++k) {
        const int code = silent ? 0 : int(std::nearbyint(x[k] * (float(largest) / max)));
        result.codes.push_back(int8_t(code));
        sum += code;
      }
      result.code_sum.push_back(sum);
    }
    result.codes.resize(size_t(m + 1) * RoundUp(depth, 16), 0);
  }
  return result;
}

// What run(QuantizedRows) writes.
template <typename Run>
Quantized Written(int rows, int depth, int groups, Run run) {
  Guarded<int8_t> codes(size_t(rows) * RoundUp(depth, 16));
  Guarded<float> scale(rows);
  Guarded<int32_t> code_sum(size_t(rows) * groups);
  run(QuantizedRows{codes.data(), scale.data(), code_sum.data()});
  EXPECT_TRUE(codes.intact() && scale.intact() && code_sum.intact());
  return {codes.values(), scale.values(), code_sum.values()};
}

Quantized QuantizedBy(const Kernels& kernels, const std::vector<float>& in, int rows, int depth,
                      int groups, int largest) {
  return Written(rows, depth, groups, [&](const QuantizedRows& out) {
    kernels.quantize_rows(in.data(), depth, rows, depth, groups, largest, out);
  });
}

TEST(RowOps, QuantizeRowsEqualsTheDefinition) {
  for (const Kernels* kernels : SupportedKernels()) {
    for (int depth : kDims) {
      for (int groups : {1, depth / 16}) {
        if (groups == 0 || (groups > 1 && depth % 16 != 0)) continue;
        const std::vector<float> in = Random(depth).Floats(size_t(kRows) * depth, -3, 3);
        for (int largest : {127, 7}) {
          EXPECT_TRUE(QuantizedBy(*kernels, in, kRows, depth, groups, largest) ==
                      QuantizedByDefinition(in, kRows, depth, groups, largest))
              << kernels->target << ", depth " << depth << ", " << groups << " groups";
        }
      }
    }
  }
}

TEST(RowOps, QuantizeRowsRoundsTiesToEvenAndStandsExtremes) {
  const int depth = 32;
  std::vector<float> in;
  for (int k = 0; k < depth; ++k) in.push_back(k == 0 ? 127.0f : float(k) - 16.5f);  // scale 1
  for (float size : {0.0f, 1e-45f, 9e-31f, 1.1e-30f, 1e-20f, 3.4e38f}) {
    for (int k = 0; k < depth; ++k) in.push_back(k % 3 == 0 ? -size : size * (float(k) / depth));
  }
  const int rows = int(in.size()) / depth;
  const Quantized expected = QuantizedByDefinition(in, rows, depth, 1, 127);
  EXPECT_EQ(expected.codes[2], -14);  // -14.5
  EXPECT_EQ(expected.codes[3], -14);  // -13.5
  EXPECT_EQ(*std::min_element(expected.codes.begin(), expected.codes.end()), -127);
  for (const Kernels* kernels : SupportedKernels()) {
    EXPECT_TRUE(QuantizedBy(*kernels, in, rows, depth, 1, 127) == expected) << kernels->target;
  }
  const Quantized narrow = QuantizedByDefinition(in, rows, depth, 1, 7);
  EXPECT_EQ(*std::min_element(narrow.codes.begin(), narrow.codes.end()), -7);
  EXPECT_EQ(*std::max_element(narrow.codes.begin(), narrow.codes.end()), 7);
  for (const Kernels* kernels : SupportedKernels()) {
    EXPECT_TRUE(QuantizedBy(*kernels, in, rows, depth, 1, 7) == narrow) << kernels->target;
  }
}

TEST(RowOps, LayerNormEqualsTheDefinitionInPlaceToo) {
  for (int dim : kDims) {
    Random random(dim);
    const std::vector<float> in = random.Floats(size_t(kRows) * dim, -3, 5);
    const std::vector<float> weight = random.Floats(dim, 0.5f, 2), bias = random.Floats(dim, -1, 1);
    for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
      std::vector<float> expected;
      for (int m = 0; m < kRows; ++m) {
        const float* x = in.data() + size_t(m) * dim;
        const float mean = SumOf(dim, [&](int i) { return x[i]; }) / float(dim);
        const float variance =
            SumOf(dim, [&](int i) { return (x[i] - mean) * (x[i] - mean); }) / float(dim);
        const float inverse = 1 / std::sqrt(variance + 1e-5f);
        for (int i = 0; i < dim; ++i) {
          const float scaled = (x[i] - mean) * inverse * weight[i];
          expected.push_back(b == nullptr ? scaled : scaled + b[i]);
        }
      }
      for (const Kernels* kernels : SupportedKernels()) {
        Guarded<float> out(in.size()), in_place(in);
        const NormWeights norm = {dim, weight.data(), b, 1e-5f};
        kernels->layer_norm(in.data(), kRows, norm, out.data());
        kernels->layer_norm(in_place.data(), kRows, norm, in_place.data());
        ASSERT_TRUE(out.intact() && in_place.intact()) << kernels->target;
        ExpectSameBits(out.values(), expected, kernels->target);
        ExpectSameBits(in_place.values(), expected, kernels->target);
      }
    }
  }
}

TEST(RowOps, LayerNormQuantizeEqualsItsTwoSteps) {
  for (int dim : kDims) {
    Random random(dim);
    std::vector<float> in = random.Floats(size_t(kRows) * dim, -3, 5);
    std::fill(in.begin(), in.begin() + dim, 2.0f);  // a row that is all zeros when normed
    const std::vector<float> weight = random.Floats(dim, 0.5f, 2), bias = random.Floats(dim, -1, 1);
    for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
      const NormWeights norm = {dim, weight.data(), b, 1e-5f};
      std::vector<float> normed(in.size());
      Scalar().layer_norm(in.data(), kRows, norm, normed.data());
      for (int groups : {1, dim / 48, dim / 16}) {
        if (groups == 0 || (groups > 1 && dim % (16 * groups) != 0)) continue;
        for (int largest : {127, 7}) {
          const Quantized expected = QuantizedByDefinition(normed, kRows, dim, groups, largest);
          for (const Kernels* kernels : SupportedKernels()) {
            const auto run = [&](const QuantizedRows& out) {
              kernels->layer_norm_quantize(in.data(), kRows, norm, groups, largest, out);
            };
            EXPECT_TRUE(Written(kRows, dim, groups, run) == expected)
                << kernels->target << ", dim " << dim << ", " << groups << " groups";
          }
        }
      }
    }
  }
}

TEST(RowOps, RowMomentsEqualTheDefinition) {
  for (int dim : kDims) {
    const std::vector<float> in = Random(dim).Floats(size_t(kRows) * dim, -3, 5);
    for (const Kernels* kernels : SupportedKernels()) {
      Guarded<float> sum(kRows), squares(kRows);
      kernels->row_moments(in.data(), kRows, dim, sum.data(), squares.data());
      ASSERT_TRUE(sum.intact() && squares.intact());
      for (int m = 0; m < kRows; ++m) {
        const float* x = in.data() + size_t(m) * dim;
        EXPECT_TRUE(SameBits(sum[m], SumOf(dim, [&](int i) { return x[i]; })));
        EXPECT_TRUE(SameBits(squares[m], SumOf(dim, [&](int i) { return x[i] * x[i]; })));
      }
    }
  }
}

// Softmax of one row by `kernels`, with the columns outside [begin, end) holding noise before.
std::vector<float> SoftmaxOf(const Kernels& kernels, const std::vector<float>& row, int begin,
                             int end) {
  Guarded<float> x(row);
  kernels.softmax(x.data(), int(row.size()), 1, int(row.size()), &begin, &end);
  EXPECT_TRUE(x.intact()) << kernels.target;
  return x.values();
}

TEST(RowOps, SoftmaxEqualsScalarAndItsMeaning) {
  constexpr int kCols = 64;
  for (float range : {1.0f, 30.0f, 300.0f}) {
    const std::vector<float> row = Random(11).Floats(kCols, -range, range);
    for (int begin = 0; begin < kCols; begin += 3) {
      for (int end = begin + 1; end <= kCols; end += 5) {
        const std::vector<float> expected = SoftmaxOf(Scalar(), row, begin, end);
        long double max = row[begin], sum = 0;
        for (int i = begin; i < end; ++i) max = std::max<long double>(max, row[i]);
        for (int i = begin; i < end; ++i) sum += std::exp(row[i] - max);
        for (int i = 0; i < kCols; ++i) {
          const bool inside = i >= begin && i < end;
          const double exact = inside ? double(std::exp(row[i] - max) / sum) : 0;
          const double rounding = 1e-6 + 1.2e-7 * double(max - row[i]);  // of the sum; of x - max
          ASSERT_NEAR(expected[i], exact, inside ? rounding * exact + 1e-37 : 0);
        }
        for (const Kernels* kernels : SupportedKernels()) {
          ExpectSameBits(SoftmaxOf(*kernels, row, begin, end), expected, kernels->target);
        }
      }
    }
  }
}

TEST(RowOps, SoftmaxOfOneElementIsOneAndRowsHaveTheirOwnSpans) {
  for (const Kernels* kernels : SupportedKernels()) {
    for (float value : {0.0f, -1e30f, 1e30f, 3e38f, 1e-40f}) {
      std::vector<float> row(16, 5.0f);
      row[7] = value;
      const std::vector<float> out = SoftmaxOf(*kernels, row, 7, 8);
      for (int i = 0; i < 16; ++i) EXPECT_EQ(out[i], i == 7 ? 1.0f : 0.0f) << kernels->target;
    }

    const std::vector<float> in = Random(2).Floats(4 * 48, -4, 4);
    const int begin[] = {0, 5, 17, 40}, end[] = {48, 6, 31, 48};
    Guarded<float> x(in);
    kernels->softmax(x.data(), 48, 4, 48, begin, end);
    for (int m = 0; m < 4; ++m) {
      const std::vector<float> row(in.begin() + m * 48, in.begin() + (m + 1) * 48);
      ExpectSameBits({x.data() + m * 48, x.data() + (m + 1) * 48},
                     SoftmaxOf(Scalar(), row, begin[m], end[m]), kernels->target);
    }
  }
}

TEST(RowOps, SoftmaxLeavesColumnsBeyondItsOwnAlone) {
  for (const Kernels* kernels : SupportedKernels()) {
    const int begin[] = {1, 2}, end[] = {9, 32};
    const std::vector<float> in = Random(4).Floats(2 * 48, -4, 4);
    Guarded<float> x(in);
    kernels->softmax(x.data(), 48, 2, 32, begin, end);
    for (int m = 0; m < 2; ++m) {
      for (int i = 32; i < 48; ++i) EXPECT_EQ(x[m * 48 + i], in[m * 48 + i]) << kernels->target;
    }
  }
}

TEST(RowOps, ArgMaxFindsTheFirstOfTheLargest) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Kernels* kernels : SupportedKernels()) {
    for (int count = 1; count <= 70; ++count) {
      std::vector<float> values = Random(count).Floats(count, -9, 9);
      EXPECT_EQ(kernels->argmax(values.data(), count),
                std::max_element(values.begin(), values.end()) - values.begin());
      for (float& value : values) value = float(int(value) / 5);  // many equals
      EXPECT_EQ(kernels->argmax(values.data(), count),
                std::max_element(values.begin(), values.end()) - values.begin());
      const std::vector<float> equal(count, -3.0f);
      EXPECT_EQ(kernels->argmax(equal.data(), count), 0);
      std::vector<float> lowest(count, -infinity);
      EXPECT_EQ(kernels->argmax(lowest.data(), count), 0);
      lowest[count - 1] = -std::numeric_limits<float>::max();
      EXPECT_EQ(kernels->argmax(lowest.data(), count), count - 1);
    }
  }
}

TEST(RowOps, LogSumExpEqualsScalarAndItsMeaning) {
  for (int count : kDims) {
    for (float range : {1.0f, 50.0f, 1000.0f}) {
      const std::vector<float> in = Random(count).Floats(count, -range, range);
      const float expected = Scalar().log_sum_exp(in.data(), count);
      long double max = in[0], sum = 0;
      for (float x : in) max = std::max<long double>(max, x);
      for (float x : in) sum += std::exp(x - max);
      EXPECT_NEAR(expected, double(max + std::log(sum)), 2e-7 * (std::abs(double(max)) + 1) + 4e-7);
      for (const Kernels* kernels : SupportedKernels()) {
        EXPECT_TRUE(SameBits(kernels->log_sum_exp(in.data(), count), expected)) << kernels->target;
      }
    }
  }
}

}  // namespace
}  // namespace parrotlet
