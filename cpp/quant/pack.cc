// Weights between their two layouts, a word at a time: done once per model load, so plain loops.
#include "quant/pack.h"

#include <algorithm>
#include <cstring>

namespace parrotlet {
namespace {

// Up to four bytes of a channel's codes from `row + at` as one number; zeros beyond `row_bytes`.
uint32_t LoadWord(const uint8_t* row, size_t at, size_t row_bytes) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4 && at + i < row_bytes; ++i) word |= uint32_t(row[at + i]) << (8 * i);
  return word;
}

// The 32 / kBits codes of one channel in one line: on disk one after the other, packed in planes of
// four bytes. Both are 32 bits, so that a channel's share of a line is one word.
template <int kBits>
uint32_t InterleaveWord(uint32_t word) {
  if (kBits == 8) return word;
  uint32_t planes = 0;
  for (int i = 0; i < 32 / kBits; ++i) {
    const uint32_t code = word >> (i * kBits) & ((1u << kBits) - 1);
    planes |= code << (8 * (i % 4) + kBits * (i / 4));
  }
  return planes;
}

// What makes biased codes of a word of two's complement: half the range is added where the highest
// bit of a code is flipped.
template <int kBits>
constexpr uint32_t kFlipped = kCodeBias<kBits> * (0xffffffffu / ((1u << kBits) - 1));

template <int kBits>
void PackCodes(const PackedMatrix& matrix, const uint8_t* disk, uint8_t* out) {
  constexpr int kInputs = 32 / kBits;
  const int lines = matrix.padded_depth() / kInputs;
  const size_t row_bytes = DiskRowBytes(kBits, matrix.depth);
  for (int col = 0; col < matrix.padded_cols(); ++col) {
    const uint8_t* row = disk + size_t(col) * row_bytes;
    const TileLines at = matrix.code_layout().Of(col / kTileCols);
    uint8_t* place = out + at.first + size_t(col % kTileCols) * 4;
    for (int line = 0; line < lines; ++line, place += at.next) {
      // Channels and inputs that are only padding hold code 0.
      const int coded = col < matrix.cols ? std::min(matrix.depth - line * kInputs, kInputs) : 0;
      uint32_t word = coded > 0 ? LoadWord(row, size_t(line) * 4, row_bytes) : 0;
      if (coded > 0 && coded < kInputs) word &= (1u << (coded * kBits)) - 1;
      word = InterleaveWord<kBits>(word ^ kFlipped<kBits>);
      for (int i = 0; i < 4; ++i) place[i] = uint8_t(word >> (8 * i));
    }
  }
}

template <int kBits>
void UnpackCodes(const PackedMatrix& matrix, int col, float* out) {
  constexpr int kInputs = 32 / kBits;  // of each of the 16 channels in a line
  constexpr int kBias = 1 << (kBits - 1);
  const int lane = col % kTileCols;
  const TileLines lines = matrix.code_layout().Of(col / kTileCols);
  const TileLines scales = matrix.scale_layout().Of(col / kTileCols);
  const uint8_t* bytes = static_cast<const uint8_t*>(matrix.codes) + lines.first + lane * 4;
  for (int k = 0; k < matrix.depth; ++k) {
    const int plane = k % kInputs / 4;  // which run of four inputs of the line
    const uint8_t byte = bytes[k / kInputs * lines.next + k % 4];
    // Flipped where packing has left it as it was, so that all codes are biased now.
    const int biased = (byte >> (plane * kBits) & ((1 << kBits) - 1)) ^ (kBias - kCodeBias<kBits>);
    const size_t at = scales.first + k / matrix.format.group_size * scales.next + lane;
    out[k] = matrix.scale[at] * float(biased - kBias);
    if (matrix.zero != nullptr) out[k] = out[k] - matrix.zero[at];
  }
}

void PackFloats(const PackedMatrix& matrix, const uint8_t* disk, float* out) {
  std::memset(out, 0, PackedCodeBytes(matrix.format, matrix.cols, matrix.depth));
  for (int col = 0; col < matrix.cols; ++col) {
    const TileLines lines = matrix.code_layout().Of(col / kTileCols);
    float* place = out + lines.first / sizeof(float) + col % kTileCols;
    for (int k = 0; k < matrix.depth; ++k, place += lines.next / sizeof(float)) {
      std::memcpy(place, disk, sizeof(float));
      disk += sizeof(float);
    }
  }
}

void UnpackFloats(const PackedMatrix& matrix, int col, float* out) {
  const TileLines lines = matrix.code_layout().Of(col / kTileCols);
  const float* place =
      static_cast<const float*>(matrix.codes) + lines.first / sizeof(float) + col % kTileCols;
  for (int k = 0; k < matrix.depth; ++k, place += lines.next / sizeof(float)) out[k] = *place;
}

// From [cols][groups], each times `factor`.
void PackScales(const PackedMatrix& matrix, const float* disk, float factor, float* out) {
  for (int col = 0; col < matrix.padded_cols(); ++col) {
    const TileLines lines = matrix.scale_layout().Of(col / kTileCols);
    float* place = out + lines.first + col % kTileCols;
    for (int group = 0; group < matrix.groups; ++group, place += lines.next) {
      *place = col < matrix.cols ? factor * disk[size_t(col) * matrix.groups + group] : 0.0f;
    }
  }
}

}  // namespace

size_t PackedCodeBytes(WeightFormat format, int cols, int depth) {
  return size_t(RoundUp(cols, kTileCols)) * RoundUp(depth, kDepthStep) * format.bits / 8;
}

size_t PackedScaleCount(WeightFormat format, int cols, int depth) {
  if (format.bits == 32) return 0;
  const size_t scales = size_t(depth / format.group_size) * RoundUp(cols, kTileCols);
  return format.scheme == Scheme::kSymmetric ? scales : 2 * scales;
}

PackedMatrix PackMatrix(WeightFormat format, int cols, int depth, const DiskMatrix& disk,
                        void* codes, float* scale, int strip) {
  PackedMatrix matrix;
  matrix.strip = strip;
  matrix.format = format;
  matrix.cols = cols;
  matrix.depth = depth;
  matrix.codes = codes;
  if (format.bits == 32) {
    PackFloats(matrix, disk.codes, static_cast<float*>(codes));
    return matrix;
  }
  matrix.groups = depth / format.group_size;
  matrix.scale = scale;
  PackScales(matrix, disk.scale, 1.0f, scale);
  if (format.scheme != Scheme::kSymmetric) {
    float* zero = scale + size_t(matrix.groups) * matrix.padded_cols();
    const bool affine = format.scheme == Scheme::kAffine;
    PackScales(matrix, affine ? disk.zero : disk.scale, affine ? 1.0f : -0.5f, zero);
    matrix.zero = zero;
  }
  uint8_t* bytes = static_cast<uint8_t*>(codes);
  if (format.bits == 8) PackCodes<8>(matrix, disk.codes, bytes);
  if (format.bits == 4) PackCodes<4>(matrix, disk.codes, bytes);
  if (format.bits == 2) PackCodes<2>(matrix, disk.codes, bytes);
  return matrix;
}

void UnpackRow(const PackedMatrix& matrix, int col, float* out) {
  if (matrix.format.bits == 32) UnpackFloats(matrix, col, out);
  if (matrix.format.bits == 8) UnpackCodes<8>(matrix, col, out);
  if (matrix.format.bits == 4) UnpackCodes<4>(matrix, col, out);
  if (matrix.format.bits == 2) UnpackCodes<2>(matrix, col, out);
}

}  // namespace parrotlet
