// Weights between their two layouts, one code at a time: done once per model load, so plain loops.
#include "quant/pack.h"

#include <cstring>

namespace parrotlet {
namespace {

// Inputs that one 64-byte line holds for each of its 16 channels.
constexpr int InputsPerLine(int bits) { return 32 / bits; }

// Where code (col, k) stands in packed memory.
struct Place {
  size_t byte;
  int shift;
};

Place PlaceOf(int bits, int padded_depth, int col, int k) {
  const int inputs = InputsPerLine(bits);
  const size_t tile_lines = size_t(padded_depth) / inputs;
  const size_t line = size_t(col / kTileCols) * tile_lines + k / inputs;
  const int plane = k % inputs / 4;  // which run of four inputs of the line
  return {line * 64 + size_t(col % kTileCols) * 4 + k % 4, plane * bits};
}

size_t FloatPlaceOf(int padded_depth, int col, int k) {
  return (size_t(col / kTileCols) * padded_depth + k) * kTileCols + col % kTileCols;
}

// The code's bits on disk, moved to be unsigned: two's complement plus half the range.
int BiasedCode(int bits, const uint8_t* row, int k) {
  const int mask = (1 << bits) - 1;
  const int code = row[size_t(k) * bits / 8] >> (size_t(k) * bits % 8) & mask;
  return code ^ (1 << (bits - 1));
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

void PackCodes(const PackedMatrix& matrix, const uint8_t* disk, uint8_t* out) {
  const int bits = matrix.format.bits;
  const int zero = 1 << (bits - 1);
  std::memset(out, 0, PackedCodeBytes(matrix.format, matrix.cols, matrix.depth));
  for (int col = 0; col < matrix.padded_cols(); ++col) {
    const uint8_t* row = disk + size_t(col) * DiskRowBytes(bits, matrix.depth);
    for (int k = 0; k < matrix.padded_depth(); ++k) {
      const bool padding = col >= matrix.cols || k >= matrix.depth;
      const Place place = PlaceOf(bits, matrix.padded_depth(), col, k);
      out[place.byte] |= (padding ? zero : BiasedCode(bits, row, k)) << place.shift;
    }
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
  } else {
    matrix.groups = depth / format.group_size;
    matrix.scale = scale;
    PackCodes(matrix, disk, static_cast<uint8_t*>(codes));
    PackScales(matrix, disk_scale, scale);
  }
  return matrix;
}

void UnpackRow(const PackedMatrix& matrix, int col, float* out) {
  const int bits = matrix.format.bits;
  for (int k = 0; k < matrix.depth; ++k) {
    if (bits == 32) {
      const float* values = static_cast<const float*>(matrix.codes);
      out[k] = values[FloatPlaceOf(matrix.padded_depth(), col, k)];
    } else {
      const Place place = PlaceOf(bits, matrix.padded_depth(), col, k);
      const uint8_t byte = static_cast<const uint8_t*>(matrix.codes)[place.byte];
      const int code = (byte >> place.shift & ((1 << bits) - 1)) - (1 << (bits - 1));
      const int group = k / matrix.format.group_size;
      out[k] = matrix.scale[size_t(group) * matrix.padded_cols() + col] * float(code);
    }
  }
}

}  // namespace parrotlet
