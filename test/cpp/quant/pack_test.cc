// Packed weights hold every code where quant/pack.h says, and give it back.
#include "quant/pack.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

namespace parrotlet {
namespace {

// 64-byte aligned memory for what PackMatrix writes.
struct Packed {
  std::unique_ptr<uint8_t[], decltype(&std::free)> codes{nullptr, &std::free};
  std::vector<float> scale;
  PackedMatrix matrix;

  Packed(WeightFormat format, int cols, int depth, int strip, const std::vector<uint8_t>& disk,
         const std::vector<float>& disk_scale, const std::vector<float>& disk_zero = {}) {
    const size_t bytes = PackedCodeBytes(format, cols, depth);
    codes.reset(static_cast<uint8_t*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)));
    scale.resize(PackedScaleCount(format, cols, depth));
    matrix = PackMatrix(format, cols, depth, {disk.data(), disk_scale.data(), disk_zero.data()},
                        codes.get(), scale.data(), strip);
  }
};

// Code k of a disk row, read bit by bit.
int DiskCode(int bits, const uint8_t* row, int k) {
  int code = 0;
  for (int b = 0; b < bits; ++b) {
    const int at = k * bits + b;
    code |= (row[at / 8] >> (at % 8) & 1) << b;
  }
  return code >= 1 << (bits - 1) ? code - (1 << bits) : code;
}

TEST(Pack, EveryByteOfEveryWidthComesBack) {
  for (int bits : {8, 4, 2}) {
    const int depth = 256 * 8 / bits, cols = 99;
    for (int group_size : {depth, 32, 16}) {
      const int groups = depth / group_size;
      std::vector<uint8_t> disk;
      for (int col = 0; col < cols; ++col) {
        for (int i = 0; i < 256; ++i) disk.push_back(uint8_t(i * 7 + col));
      }
      std::vector<float> scale;
      std::vector<float> zero;
      for (int i = 0; i < cols * groups; ++i) {
        scale.push_back(0.25f + float(i));
        zero.push_back(float(i) * 0.75f - 100.0f);
      }
      for (Scheme scheme : kSchemes) {
        for (const int strip : kStrips) {
          const Packed packed({bits, group_size, scheme}, cols, depth, strip, disk, scale, zero);
          EXPECT_EQ(packed.matrix.groups, groups);
          EXPECT_EQ(packed.matrix.zero == nullptr, scheme == Scheme::kSymmetric);

          std::vector<float> row(depth);
          for (int col = 0; col < cols; ++col) {
            UnpackRow(packed.matrix, col, row.data());
            for (int k = 0; k < depth; ++k) {
              const int at = col * groups + k / group_size;
              const int code = DiskCode(bits, &disk[size_t(col) * 256], k);
              float expected = scale[at] * float(code);
              if (scheme == Scheme::kMidRise) expected = expected - -0.5f * scale[at];
              if (scheme == Scheme::kAffine) expected = expected - zero[at];
              ASSERT_EQ(row[k], expected) << bits << " bits, scheme " << int(scheme) << ", channel "
                                          << col << ", input " << k;
            }
          }
        }
      }
    }
  }
}

TEST(Pack, LinesAreLaidOutAsDocumentedAndPaddedWithZeroCodes) {
  for (int bits : {8, 4, 2}) {
    const int depth = 127, cols = 21, inputs = 32 / bits;
    const int bias = bits == 8 && kSignedBytes ? 0 : 1 << (bits - 1);
    std::vector<uint8_t> disk(cols * DiskRowBytes(bits, depth));
    for (size_t i = 0; i < disk.size(); ++i) disk[i] = uint8_t(i * 89 + i / 7);
    const Packed packed({bits, depth, Scheme::kAffine}, cols, depth, 1, disk,
                        std::vector<float>(cols, 2.0f), std::vector<float>(cols, 3.0f));
    ASSERT_EQ(PackedCodeBytes({bits, depth}, cols, depth), size_t(32 * 128 * bits / 8));

    for (int tile = 0; tile < 2; ++tile) {
      for (int line = 0; line < 128 / inputs; ++line) {
        const uint8_t* bytes = packed.codes.get() + (size_t(tile) * (128 / inputs) + line) * 64;
        for (int n = 0; n < 16; ++n) {
          for (int p = 0; p < 8 / bits; ++p) {
            for (int j = 0; j < 4; ++j) {
              const int col = tile * 16 + n, k = line * inputs + 4 * p + j;
              const bool padding = col >= cols || k >= depth;
              const int code =
                  padding ? 0 : DiskCode(bits, &disk[col * DiskRowBytes(bits, depth)], k);
              const int mask = (1 << bits) - 1;
              ASSERT_EQ(bytes[4 * n + j] >> (bits * p) & mask, (code + bias) & mask);
            }
          }
        }
      }
    }
    for (int col = 0; col < 32; ++col) {
      EXPECT_EQ(packed.matrix.scale[col], col < cols ? 2.0f : 0.0f);
      EXPECT_EQ(packed.matrix.zero[col], col < cols ? 3.0f : 0.0f);
    }
  }
}

// In strips every line of codes and of scales is one of those that there are without, elsewhere.
TEST(Pack, StripsPutLinesSideBySide) {
  for (int bits : {32, 8, 4, 2}) {
    const int depth = 64, cols = 16 * 7 - 3, tiles = 7;  // a strip, and three tiles more
    const WeightFormat format{bits, 16, Scheme::kAffine};
    std::vector<uint8_t> disk(cols * DiskRowBytes(bits, depth));
    for (size_t i = 0; i < disk.size(); ++i) disk[i] = uint8_t(i * 89 + i / 7);
    std::vector<float> scale(size_t(cols) * 4), zero(scale.size());
    for (size_t i = 0; i < scale.size(); ++i) scale[i] = zero[i] = float(i);
    const Packed apart(format, cols, depth, 1, disk, scale, zero);
    const Packed strips(format, cols, depth, kStripTiles, disk, scale, zero);
    const auto expect_same = [&](const void* one, const void* other, int lines) {
      for (int tile = 0; tile < tiles; ++tile) {
        const int width = tile < kStripTiles ? kStripTiles : tiles - kStripTiles;
        const int begin = tile / kStripTiles * kStripTiles;
        for (int line = 0; line < lines; ++line) {
          const int at = begin * lines + line * width + tile - begin;
          ASSERT_EQ(std::memcmp(static_cast<const uint8_t*>(one) + (tile * lines + line) * 64,
                                static_cast<const uint8_t*>(other) + at * 64, 64),
                    0)
              << bits << " bits, tile " << tile << ", line " << line;
        }
      }
    };
    expect_same(apart.codes.get(), strips.codes.get(), depth * bits / 32);
    if (bits == 32) continue;
    expect_same(apart.matrix.scale, strips.matrix.scale, 4);
    expect_same(apart.matrix.zero, strips.matrix.zero, 4);
  }
}

TEST(Pack, FloatsKeepTheirBits) {
  const int cols = 18, depth = 37;
  std::vector<float> values(cols * depth);
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(i) * -0.37f + 1e-3f;
  std::vector<uint8_t> disk(values.size() * 4);
  std::memcpy(disk.data(), values.data(), disk.size());
  const Packed packed({32, 0}, cols, depth, 1, disk, {});
  ASSERT_EQ(PackedCodeBytes({32, 0}, cols, depth), size_t(32 * 48 * 4));

  std::vector<float> row(depth);
  for (int col = 0; col < cols; ++col) {
    UnpackRow(packed.matrix, col, row.data());
    for (int k = 0; k < depth; ++k) ASSERT_EQ(row[k], values[col * depth + k]);
  }
  const float* lanes = reinterpret_cast<const float*>(packed.codes.get());
  EXPECT_EQ(lanes[48 * 16 + 3 * 16 + 1], values[17 * depth + 3]);  // tile 1, input 3, channel 17
  EXPECT_EQ(lanes[37 * 16], 0.0f);                                 // depth padding
  EXPECT_EQ(lanes[48 * 16 + 2], 0.0f);                             // channel padding
}

}  // namespace
}  // namespace parrotlet
