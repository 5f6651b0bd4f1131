// What quantization-aware training computed in integers, every target computes to the last bit.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "kernel_cases.h"

namespace parrotlet {
namespace {

// Written by test/reference/make_integers.py, which says what stands in it.
std::vector<uint8_t> Golden() {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "../../golden";
  std::ifstream file(path / "integer-products.bin", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The order in which training lists them.
constexpr Scheme kSchemeOrder[] = {Scheme::kSymmetric, Scheme::kAffine, Scheme::kMidRise};

class Reader {
 public:
  explicit Reader(const std::vector<uint8_t>& bytes) : bytes_(bytes) {}

  bool done() const { return at_ == bytes_.size(); }

  template <typename T>
  std::vector<T> Take(size_t count) {
    std::vector<T> values(count);
    EXPECT_LE(at_ + count * sizeof(T), bytes_.size());
    if (at_ + count * sizeof(T) <= bytes_.size()) {
      std::memcpy(values.data(), bytes_.data() + at_, count * sizeof(T));
    }
    at_ += count * sizeof(T);
    return values;
  }

 private:
  const std::vector<uint8_t>& bytes_;
  size_t at_ = 0;
};

struct Case {
  WeightFormat format;
  int rows, cols, depth;
  std::vector<float> in;
  std::vector<uint8_t> codes;
  std::vector<float> scale, zero, bias, out;

  int groups() const { return depth / format.group_size; }

  static Case Take(Reader& reader) {
    const std::vector<int32_t> head = reader.Take<int32_t>(7);
    Case read{};
    read.format = {head[0], head[1], kSchemeOrder[head[2]], head[3]};
    read.rows = head[4];
    read.cols = head[5];
    read.depth = head[6];
    read.in = reader.Take<float>(size_t(read.rows) * read.depth);
    read.codes = reader.Take<uint8_t>(read.cols * DiskRowBytes(read.format.bits, read.depth));
    read.scale = reader.Take<float>(size_t(read.cols) * read.groups());
    if (read.format.scheme == Scheme::kAffine) read.zero = reader.Take<float>(read.scale.size());
    read.bias = reader.Take<float>(read.cols);
    read.out = reader.Take<float>(size_t(read.rows) * read.cols);
    return read;
  }
};

std::vector<float> Compute(const Kernels& kernels, const Case& wanted) {
  const WeightFormat format = wanted.format;
  Guarded<uint8_t> codes(PackedCodeBytes(format, wanted.cols, wanted.depth));
  Guarded<float> scale(PackedScaleCount(format, wanted.cols, wanted.depth));
  const DiskMatrix disk = {wanted.codes.data(), wanted.scale.data(), wanted.zero.data()};
  const PackedMatrix weight = PackMatrix(format, wanted.cols, wanted.depth, disk, codes.data(),
                                         scale.data(), kernels.strip(format.bits));
  const size_t padded = wanted.groups() * RoundUp(format.group_size, kDepthStep);
  Guarded<int8_t> act(wanted.rows * padded);
  std::vector<float> act_scale(wanted.rows), out(size_t(wanted.rows) * wanted.cols);
  std::vector<int32_t> sums(size_t(wanted.rows) * wanted.groups());
  LinearArgs args;
  args.rows = wanted.rows;
  args.weight = &weight;
  args.act = {act.data(), act_scale.data(), sums.data()};
  args.bias = wanted.bias.data();
  args.out = out.data();
  args.out_stride = wanted.cols;
  kernels.quantize_rows(wanted.in.data(), wanted.depth, wanted.rows, wanted.depth, wanted.groups(),
                        format.largest_activation(), args.act);
  LinearFor(kernels, format)(args);
  return out;
}

TEST(IntegerProducts, EqualThoseOfTraining) {
  const std::vector<uint8_t> golden = Golden();
  ASSERT_FALSE(golden.empty());
  for (const Kernels* kernels : SupportedKernels()) {
    Reader reader(golden);
    int cases = 0;
    for (; !reader.done() && !HasFailure(); ++cases) {
      const Case wanted = Case::Take(reader);
      SCOPED_TRACE(testing::Message() << kernels->target << ", " << FormatText(wanted.format));
      const std::vector<float> out = Compute(*kernels, wanted);
      for (size_t i = 0; i < out.size(); ++i) {
        ASSERT_TRUE(SameBits(out[i], wanted.out[i]))
            << i << ": " << out[i] << ", not " << wanted.out[i];
      }
    }
    EXPECT_EQ(cases, 54);
  }
}

}  // namespace
}  // namespace parrotlet
