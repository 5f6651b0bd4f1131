// The elementwise functions: every target gives scalar's bits, and they are as exact as promised.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "kernel_cases.h"

namespace parrotlet {
namespace {

using Elementwise = void (*Kernels::*)(const float*, int, float*);

std::vector<float> EdgeValues() {
  std::vector<float> values = {
      0.0f,   -0.0f,  1e-45f,  -1e-45f, 1e-40f, -1e-40f, 1e-38f, 1.17549435e-38f, 1e-20f,
      0.5f,   -0.5f,  1.0f,    -1.0f,   2.0f,   -2.0f,   0.625f, -0.625f,         0.62499f,
      3.5f,   -3.5f,  86.9f,   -86.9f,  87.0f,  -87.0f,  87.01f, -87.01f,         88.8f,
      -88.8f, 103.9f, -104.1f, 1e3f,    -1e3f,  1e20f,   -1e20f, 3e38f,           -3e38f};
  for (int i = -300; i <= 300; ++i)
    values.push_back(float(i) * 0.34657359f);  // multiples of ln(2)/2
  return values;
}

// The negative, zero and subnormal ones are outside the domain of log.
std::vector<float> PositiveNormal(const std::vector<float>& values) {
  std::vector<float> kept;
  for (float value : values) {
    if (value >= std::numeric_limits<float>::min()) kept.push_back(value);
  }
  return kept;
}

// The domain of exp.
std::vector<float> NotPositive(const std::vector<float>& values) {
  std::vector<float> kept;
  for (float value : values) kept.push_back(-std::abs(value));
  return kept;
}

std::vector<float> Inputs() {
  Random random(7);
  std::vector<float> values = EdgeValues();
  for (float range : {1e-3f, 1.0f, 8.0f, 100.0f}) {
    for (float value : random.Floats(20000, -range, range)) values.push_back(value);
  }
  for (int i = 0; i < 20000; ++i) {
    const float value = std::bit_cast<float>(random.Bits());
    if (std::isfinite(value)) values.push_back(value);
  }
  return values;
}

std::vector<float> ValuesOf(const Kernels& kernels, Elementwise function,
                            const std::vector<float>& in) {
  Guarded<float> out(in.size());
  (kernels.*function)(in.data(), int(in.size()), out.data());
  EXPECT_TRUE(out.intact()) << kernels.target;
  return out.values();
}

const Kernels& Scalar() { return *AllKernels().back(); }

// Distance in units of the last place of the true value.
double Ulps(float actual, long double expected) {
  if (float(expected) == actual) return 0;
  const int exponent = std::max(std::ilogb(expected), -126);
  return std::abs(double((actual - expected) / std::scalbn(1.0L, exponent - 23)));
}

long double Sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }
long double TrueGelu(long double x) { return x * std::erfc(-x / std::sqrt(2.0L)) / 2; }

TEST(FloatOps, EveryTargetGivesTheBitsOfScalar) {
  const std::vector<float> in = Inputs();
  for (const Kernels* kernels : SupportedKernels()) {
    for (Elementwise function : {&Kernels::gelu, &Kernels::silu, &Kernels::tanh}) {
      ExpectSameBits(ValuesOf(*kernels, function, in), ValuesOf(Scalar(), function, in),
                     kernels->target);
    }
    const std::vector<float> negative = NotPositive(in);
    ExpectSameBits(ValuesOf(*kernels, &Kernels::exp, negative),
                   ValuesOf(Scalar(), &Kernels::exp, negative), kernels->target);
    const std::vector<float> positive = PositiveNormal(in);
    ExpectSameBits(ValuesOf(*kernels, &Kernels::log, positive),
                   ValuesOf(Scalar(), &Kernels::log, positive), kernels->target);
  }
}

TEST(FloatOps, EveryLengthGivesTheSameAndMayBeInPlace) {
  const std::vector<float> in = Random(3).Floats(50, 0.1f, 4);
  for (const Kernels* kernels : SupportedKernels()) {
    for (Elementwise function :
         {&Kernels::gelu, &Kernels::silu, &Kernels::tanh, &Kernels::exp, &Kernels::log}) {
      const std::vector<float> whole = ValuesOf(Scalar(), function, in);
      for (int count = 0; count <= 50; ++count) {
        Guarded<float> values(std::vector<float>(in.begin(), in.begin() + count));
        (kernels->*function)(values.data(), count, values.data());
        ASSERT_TRUE(values.intact());
        ExpectSameBits(values.values(), {whole.begin(), whole.begin() + count}, kernels->target);
      }
    }
  }
}

// Largest error over the inputs, by `error(actual, x)`.
double LargestError(Elementwise function, const std::vector<float>& in,
                    const std::function<double(float, long double)>& error) {
  const std::vector<float> out = ValuesOf(Scalar(), function, in);
  double largest = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    EXPECT_TRUE(std::isfinite(out[i])) << "at " << in[i];
    largest = std::max(largest, error(out[i], in[i]));
  }
  return largest;
}

TEST(FloatOps, GeluIsWithinItsBound) {
  std::vector<float> in;
  for (float x : Inputs()) {
    if (std::abs(x) < 25) in.push_back(x);
  }
  const double largest = LargestError(&Kernels::gelu, in, [](float actual, long double x) {
    return std::abs(double(actual - TrueGelu(x)));
  });
  EXPECT_LE(largest, 4e-7);
}

TEST(FloatOps, GeluOfLargeSizesIsZeroOrTheInput) {
  const std::vector<float> in = {9.0f, 25.0f, 1e3f, 1e20f, 3e38f};
  for (float x : ValuesOf(Scalar(), &Kernels::gelu, {-25.0f, -1e3f, -1e20f, -3e38f}))
    EXPECT_EQ(x, 0.0f);
  EXPECT_EQ(ValuesOf(Scalar(), &Kernels::gelu, in), in);
}

TEST(FloatOps, SiluIsWithinItsBound) {
  const double largest = LargestError(&Kernels::silu, Inputs(), [](float actual, long double x) {
    const long double expected = x * Sigmoid(x);
    if (x < -87) return actual == 0 ? 0.0 : 1e9;
    return Ulps(actual, expected);
  });
  EXPECT_LE(largest, 4);
}

TEST(FloatOps, ExpIsWithinItsBound) {
  const std::vector<float> in = NotPositive(Inputs());
  const double largest = LargestError(&Kernels::exp, in, [](float actual, long double x) {
    if (x < -87) return actual == 0 ? 0.0 : 1e9;
    return Ulps(actual, std::exp(x));
  });
  EXPECT_LE(largest, 4);
}

TEST(FloatOps, TanhIsWithinItsBound) {
  const double largest = LargestError(&Kernels::tanh, Inputs(), [](float actual, long double x) {
    return Ulps(actual, std::tanh(x));
  });
  EXPECT_LE(largest, 4);
}

TEST(FloatOps, LogIsWithinItsBound) {
  std::vector<float> in = PositiveNormal(Inputs());
  for (float x : Random(5).Floats(20000, 0.5f, 2)) in.push_back(x);
  const double largest = LargestError(
      &Kernels::log, in, [](float actual, long double x) { return Ulps(actual, std::log(x)); });
  EXPECT_LE(largest, 4);
}

TEST(FloatOps, GatedUnitsEqualScalarAndTheirMeaning) {
  for (int dim : {1, 15, 16, 33, 288}) {
    const std::vector<float> in = Random(dim).Floats(3 * 2 * size_t(dim), -6, 6);
    std::vector<std::vector<float>> first;
    for (const Kernels* kernels : SupportedKernels()) {
      Guarded<float> glu(3 * dim), gated(3 * dim);
      kernels->glu(in.data(), 3, dim, glu.data());
      kernels->gated_silu(in.data(), 3, dim, gated.data());
      ASSERT_TRUE(glu.intact() && gated.intact()) << kernels->target;
      if (first.empty()) first = {glu.values(), gated.values()};
      ExpectSameBits(glu.values(), first[0], kernels->target);
      ExpectSameBits(gated.values(), first[1], kernels->target);
    }
    for (int m = 0; m < 3; ++m) {
      for (int c = 0; c < dim; ++c) {
        const long double value = in[m * 2 * dim + c], gate = in[m * 2 * dim + dim + c];
        EXPECT_LE(Ulps(first[0][m * dim + c], value * Sigmoid(gate)), 5);
        EXPECT_LE(Ulps(first[1][m * dim + c], value * gate * Sigmoid(gate)), 5);
      }
    }
  }
}

}  // namespace
}  // namespace parrotlet
