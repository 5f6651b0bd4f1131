// matmul and depthwise_conv of every target equal, bit for bit, their definitions.
#include <gtest/gtest.h>

#include "kernel_cases.h"

namespace parrotlet {
namespace {

TEST(MatMul, EqualsTheDefinitionAndWritesNothingElse) {
  for (int rows : {1, 2, 3, 5, 8, 9, 27}) {
    for (int cols : {1, 15, 16, 17, 32, 36, 48, 49, 80, 113}) {
      for (int depth : {1, 2, 36, 113}) {
        Random random(rows * 10007 + cols * 101 + depth);
        const int a_stride = depth + 2, b_stride = RoundUp(cols, 16) + 16, c_stride = cols + 3;
        const std::vector<float> a = random.Floats(size_t(rows) * a_stride, -2, 2);
        const std::vector<float> b = random.Floats(size_t(depth) * b_stride, -2, 2);
        const std::vector<float> start = random.Floats(size_t(rows) * c_stride, -2, 2);
        for (bool accumulate : {false, true}) {
          for (const Kernels* kernels : SupportedKernels()) {
            Guarded<float> c(start);
            kernels->matmul({rows, cols, depth, a.data(), a_stride, b.data(), b_stride, c.data(),
                             c_stride, accumulate});
            ASSERT_TRUE(c.intact()) << kernels->target;
            for (int m = 0; m < rows; ++m) {
              for (int n = 0; n < c_stride; ++n) {
                const size_t at = size_t(m) * c_stride + n;
                float s = accumulate || n >= cols ? start[at] : 0.0f;
                for (int k = 0; k < depth && n < cols; ++k) {
                  const float term = a[size_t(m) * a_stride + k] * b[size_t(k) * b_stride + n];
                  s = s + term;
                }
                ASSERT_TRUE(SameBits(c[at], s))
                    << kernels->target << ": " << rows << " x " << cols << " x " << depth
                    << ", row " << m << ", column " << n;
              }
            }
          }
        }
      }
    }
  }
}

TEST(DepthwiseConv, EqualsTheDefinition) {
  for (int rows : {1, 2, 7}) {
    for (int dim : {1, 15, 16, 40, 288}) {
      for (int kernel : {1, 3, 15}) {
        Random random(rows * 10007 + dim * 101 + kernel);
        const std::vector<float> in = random.Floats(size_t(rows + kernel - 1) * dim, -2, 2);
        const std::vector<float> weight = random.Floats(size_t(kernel) * dim, -1, 1);
        const std::vector<float> bias = random.Floats(dim, -1, 1);
        for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
          for (const Kernels* kernels : SupportedKernels()) {
            Guarded<float> out(size_t(rows) * dim);
            kernels->depthwise_conv(in.data(), rows, dim, kernel, weight.data(), b, out.data());
            ASSERT_TRUE(out.intact()) << kernels->target;
            for (int t = 0; t < rows; ++t) {
              for (int c = 0; c < dim; ++c) {
                float s = 0;
                for (int k = 0; k < kernel; ++k) {
                  const float term = in[size_t(t + k) * dim + c] * weight[size_t(k) * dim + c];
                  s = s + term;
                }
                if (b != nullptr) s = s + b[c];
                ASSERT_TRUE(SameBits(out[size_t(t) * dim + c], s)) << kernels->target;
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace parrotlet
