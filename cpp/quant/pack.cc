// Weights between their two layouts, one code at a time: done once per model load, so plain loops.
#include "quant/pack.h"

#include <cstring>

namespace parrotlet {
namespace {

// Where code (col, k) stands in packed memory.
struct Place {
  size_t byte;
  int shift;
};

template <int kBits>
Place PlaceOf(int padded_depth, int col, int k) {
  constexpr int kInputs = 32 / kBits;  // of each of the 16 channels in a line of 64 bytes
  const size_t line = size_t(col / kTileCols) * (padded_depth / kInputs) + k / kInputs;
  const int plane = k % kInputs / 4;  // which run of four inputs of the line
  return {line * 64 + size_t(col % kTileCols) * 4 + k % 4, plane * kBits};
}

size_t FloatPlaceOf(int padded_depth, int col, int k) {
  return (size_t(col / kTileCols) * padded_depth + k) * kTileCols + col % kTileCols;
}

// The code's bits on disk, moved to be unsigned: two's complement plus half the range.
template <int kBits>
int BiasedCode(const uint8_t* row, int k) {
  constexpr int kPerByte = 8 / kBits;
  const int code = row[k / kPerByte] >> (k % kPerByte * kBits) & ((1 << kBits) - 1);
  return code ^ (1 << (kBits - 1));
}

template <int kBits>
void PackCodes(const PackedMatrix& matrix, const uint8_t* disk, uint8_t* out) {
  const int padded_depth = matrix.padded_depth();
  std::memset(out, 0, PackedCodeBytes(matrix.format, matrix.cols, matrix.depth));
  for (int col = 0; col < matrix.padded_cols(); ++col) {
    const int coded = col < matrix.cols ? matrix.depth : 0;  // the rest is padding, code 0
    for (int k = 0; k < padded_depth; ++k) {
      const Place place = PlaceOf<kBits>(padded_depth, col, k);
      out[place.byte] |= (k < coded ? BiasedCode<kBits>(disk, k) : 1 << (kBits - 1)) << place.shift;
    }
    if (coded > 0) disk += DiskRowBytes(kBits, matrix.depth);
  }
}

template <int kBits>
void UnpackCodes(const PackedMatrix& matrix, int col, float* out) {
  const uint8_t* bytes = static_cast<const uint8_t*>(matrix.codes);
  for (int k = 0; k < matrix.depth; ++k) {
    const Place place = PlaceOf<kBits>(matrix.padded_depth(), col, k);
    const int biased = bytes[place.byte] >> place.shift & ((1 << kBits) - 1);
    const size_t group = k / matrix.format.group_size;
    const float scale = matrix.scale[group * matrix.padded_cols() + col];
    out[k] = scale * float(biased - (1 << (kBits - 1)));
  }
}

void PackFloats(const PackedMatrix& matrix, const uint8_t* disk, float* out) {
  std::memset(out, 0, PackedCodeBytes(matrix.format, matrix.cols, matrix.depth));
  for (int col = 0; col < matrix.cols; ++col) {
    for (int k = 0; k < matrix.depth; ++k) {
      std::memcpy(out + FloatPlaceOf(matrix.padded_depth(), col, k), disk, sizeof(float));
      disk += sizeof(float);
    }
  }
}

void UnpackFloats(const PackedMatrix& matrix, int col, float* out) {
  const float* values = static_cast<const float*>(matrix.codes);
  for (int k = 0; k < matrix.depth; ++k) {
    out[k] = values[FloatPlaceOf(matrix.padded_depth(), col, k)];
  }
}

void PackScales(const PackedMatrix& matrix, const float* disk_scale, float* out) {
  for (int group = 0; group < matrix.groups; ++group) {
    for (int col = 0; col < matrix.padded_cols(); ++col) {
      *out++ = col < matrix.cols ? disk_scale[size_t(col) * matrix.groups + group] : 0.0f;
    }
  }
}

}  // namespace

size_t PackedCodeBytes(WeightFormat format, int cols, int depth) {
  return size_t(RoundUp(cols, kTileCols)) * RoundUp(depth, kDepthStep) * format.bits / 8;
}

PackedMatrix PackMatrix(WeightFormat format, int cols, int depth, const uint8_t* disk,
                        const float* disk_scale, void* codes, float* scale) {
  PackedMatrix matrix;
  matrix.format = format;
  matrix.cols = cols;
  matrix.depth = depth;
  matrix.codes = codes;
  if (format.bits == 32) {
    PackFloats(matrix, disk, static_cast<float*>(codes));
    return matrix;
  }
  matrix.groups = depth / format.group_size;
  matrix.scale = scale;
  PackScales(matrix, disk_scale, scale);
  uint8_t* bytes = static_cast<uint8_t*>(codes);
  if (format.bits == 8) PackCodes<8>(matrix, disk, bytes);
  if (format.bits == 4) PackCodes<4>(matrix, disk, bytes);
  if (format.bits == 2) PackCodes<2>(matrix, disk, bytes);
  return matrix;
}

void UnpackRow(const PackedMatrix& matrix, int col, float* out) {
  if (matrix.format.bits == 32) UnpackFloats(matrix, col, out);
  if (matrix.format.bits == 8) UnpackCodes<8>(matrix, col, out);
  if (matrix.format.bits == 4) UnpackCodes<4>(matrix, col, out);
  if (matrix.format.bits == 2) UnpackCodes<2>(matrix, col, out);
}

}  // namespace parrotlet
