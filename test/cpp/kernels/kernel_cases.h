// What the kernel tests share: targets to walk, reproducible values, arrays that notice stray
// writes, and packed matrices made from plain integers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace parrotlet {

// The targets that this CPU runs.
inline std::vector<const Kernels*> SupportedKernels() {
  std::vector<const Kernels*> supported;
  for (const Kernels* kernels : AllKernels()) {
    if (kernels->supported()) supported.push_back(kernels);
  }
  return supported;
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}

  uint32_t Bits() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return uint32_t(state_ >> 32);
  }
  int Int(int low, int high) { return low + int(Bits() % uint32_t(high - low + 1)); }
  float Uniform(float low, float high) {
    return low + (high - low) * (float(Bits() >> 8) * 0x1p-24f);
  }
  std::vector<float> Floats(size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& value : values) value = Uniform(low, high);
    return values;
  }

 private:
  uint64_t state_;
};

// `count` values from a 64-byte aligned address, before and after which nothing may be written.
template <typename T>
class Guarded {
 public:
  explicit Guarded(size_t count) : count_(count), bytes_(kGuard + count * sizeof(T) + kGuard) {
    block_.reset(static_cast<uint8_t*>(std::aligned_alloc(64, (bytes_ + 63) / 64 * 64)));
    std::memset(block_.get(), kSentinel, bytes_);
  }
  explicit Guarded(const std::vector<T>& values) : Guarded(values.size()) {
    std::copy(values.begin(), values.end(), data());
  }

  T* data() { return reinterpret_cast<T*>(block_.get() + kGuard); }
  T& operator[](size_t i) { return data()[i]; }
  size_t size() const { return count_; }
  std::vector<T> values() { return {data(), data() + count_}; }

  // Whether the bytes of value i are as they were at the start.
  bool untouched(size_t i) {
    T sentinel;
    std::memset(&sentinel, kSentinel, sizeof sentinel);
    return std::memcmp(data() + i, &sentinel, sizeof sentinel) == 0;
  }
  bool intact() const {
    for (size_t i = 0; i < kGuard; ++i) {
      if (block_[i] != kSentinel || block_[bytes_ - 1 - i] != kSentinel) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 128;
  static constexpr uint8_t kSentinel = 0xa5;

  size_t count_, bytes_;
  std::unique_ptr<uint8_t[], decltype(&std::free)> block_{nullptr, &std::free};
};

// A weight matrix as packed, with the memory behind it.
struct PackedCase {
  Guarded<uint8_t> codes;
  Guarded<float> scale;
  PackedMatrix matrix;

  PackedCase(WeightFormat format, int cols, int depth, const DiskMatrix& disk, int strip)
      : codes(PackedCodeBytes(format, cols, depth)), scale(PackedScaleCount(format, cols, depth)) {
    matrix = PackMatrix(format, cols, depth, disk, codes.data(), scale.data(), strip);
    EXPECT_TRUE(codes.intact() && scale.intact());
  }
};

// A weight matrix as plain integers (or floats) and as packed.
struct WeightCase {
  WeightFormat format;
  int cols, depth, groups;
  std::vector<int> codes;                           // [cols][depth]
  std::vector<float> scale;                         // [cols][groups]
  std::vector<float> zero;                          // the same; empty where the scheme is symmetric
  std::vector<float> floats;                        // [cols][depth]: what the codes stand for
  std::vector<std::unique_ptr<PackedCase>> packed;  // one for each of kStrips

  // `code` gives the integer of (channel, input).
  template <typename Code>
  WeightCase(WeightFormat format, int cols, int depth, Random& random, Code code)
      : format(format), cols(cols), depth(depth) {
    const bool is_float = format.bits == 32;
    groups = is_float ? 1 : depth / format.group_size;
    std::vector<uint8_t> disk;
    if (is_float) {
      floats = random.Floats(size_t(cols) * depth, -1, 1);
      disk.resize(floats.size() * 4);
      std::memcpy(disk.data(), floats.data(), disk.size());
    } else {
      scale = random.Floats(size_t(cols) * groups, 0.001f, 0.02f);
      if (scale.size() > 4) scale[random.Bits() % scale.size()] = 0;
      MakeZeros(random);
      disk.resize(cols * DiskRowBytes(format.bits, depth));
      for (int n = 0; n < cols; ++n) {
        for (int k = 0; k < depth; ++k) {
          codes.push_back(code(n, k));
          const size_t at = size_t(n) * groups + k / format.group_size;
          const float product = scale[at] * float(codes.back());
          floats.push_back(zero.empty() ? product : product - zero[at]);
          const size_t bit = n * DiskRowBytes(format.bits, depth) * 8 + size_t(k) * format.bits;
          const int mask = (1 << format.bits) - 1;
          disk[bit / 8] |= uint8_t((codes.back() & mask) << (bit % 8));
        }
      }
    }
    for (const int strip : kStrips) {
      const DiskMatrix stored = {disk.data(), scale.data(), zero.data()};
      packed.push_back(std::make_unique<PackedCase>(format, cols, depth, stored, strip));
    }
  }

 private:
  // Of both signs, and as far from 0 as codes reach.
  void MakeZeros(Random& random) {
    for (const float s : scale) {
      if (format.scheme == Scheme::kMidRise) zero.push_back(-0.5f * s);
      if (format.scheme == Scheme::kAffine) {
        zero.push_back(s * random.Uniform(-1, 1) * float(1 << (format.bits - 1)));
      }
    }
  }
};

inline std::string FormatText(const WeightFormat& format) {
  const char* const schemes[] = {"symmetric", "mid-rise", "affine"};
  return std::to_string(format.bits) + " bits, groups of " + std::to_string(format.group_size) +
         ", " + schemes[int(format.scheme)] + ", activations of " +
         std::to_string(format.activation_bits) + " bits";
}

inline WeightCase RandomWeight(WeightFormat format, int cols, int depth, Random& random) {
  const int half = format.bits == 32 ? 0 : 1 << (format.bits - 1);
  return WeightCase(format, cols, depth, random,
                    [&](int, int) { return half == 0 ? 0 : random.Int(-half, half - 1); });
}

// Equal to the last bit, and so told apart: 0 and -0. Any NaN equals any NaN.
inline bool SameBits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

inline void ExpectSameBits(const std::vector<float>& actual, const std::vector<float>& expected,
                           const char* what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_TRUE(SameBits(actual[i], expected[i]))
        << what << ": value " << i << " is " << actual[i] << ", not " << expected[i];
  }
}

}  // namespace parrotlet
