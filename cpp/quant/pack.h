// From weights as they stand on disk to weights as kernels read them, and back for single rows.
//
// On disk (CPU-independent): codes of one output channel after another, two's complement, packed
// along the depth, first code in the lowest bits; each channel starts on a byte. Scales and zeros
// are [cols][groups].
//
// Packed, in lines of 64 bytes for a tile of 16 output channels (channels beyond cols hold code 0,
// scale 0 and zero 0; depth is padded to 16 with code 0):
//   float32  an input: 16 floats
//   int8     4 inputs from k on: byte 4n + j = code of channel n, input k + j
//   int4     8 inputs: low nibble of byte 4n + j = input k + j, high = k + 4 + j
//   int2     16 inputs: bits 2p, 2p + 1 of byte 4n + j = input k + 4p + j
// Lines, of codes and of scales, stand in strips of one tile or of four (the last of what is left):
// the first line of each tile of a strip, then the second of each, and so on. What takes four tiles
// at once so reads memory from one end to the other, which caches hand out half as fast again as
// four places by turns; what takes fewer wants strips of one.
// Codes are biased to be unsigned, q + 2^(bits-1), but for int8 on ARM (simd/code_bias.h); the bias
// is taken out again with the sum of the activations.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/weight_format.h"
#include "simd/code_bias.h"

namespace parrotlet {

inline constexpr size_t kLineBytes = 64;

// Where a tile's lines are, codes in bytes and scales in floats: the first; how far it is from each
// to the next, and to the one of the tile beside it, which is of the same strip or the next strip
// of one.
struct TileLines {
  size_t first, next, beside;
};

// Where the lines of each tile are, made once for all of them: before a tile's first line can be
// read, as little as possible is to be computed.
class TileLayout {
 public:
  // Of tiles of so many lines, each `line` long, in strips of so many tiles.
  TileLayout(int tiles, int strip, size_t lines, size_t line)
      : tiles_(tiles),
        strip_(strip),
        lines_(lines),
        line_(line),
        beside_(strip == 1 ? line * lines : line) {}

  TileLines Of(int tile) const {
    const int begin = tile & -strip_, left = tiles_ - begin;  // a strip is a power of two
    return {line_ * (begin * lines_ + (tile - begin)), line_ * (left < strip_ ? left : strip_),
            beside_};
  }

 private:
  int tiles_, strip_;
  size_t lines_, line_, beside_;
};

// A weight matrix [cols][depth] as packed by PackMatrix; memory belongs to the model.
struct PackedMatrix {
  WeightFormat format;
  int cols = 0;                  // N, output channels
  int depth = 0;                 // K, inputs
  int groups = 1;                // depth / group_size; 1 for float32
  int strip = 1;                 // of kStrips
  const void* codes = nullptr;   // layout above
  const float* scale = nullptr;  // a line of 16 for each group of a tile; null for float32
  const float* zero = nullptr;   // the same; null also where the scheme is symmetric

  int padded_cols() const { return RoundUp(cols, kTileCols); }
  int padded_depth() const { return RoundUp(depth, kDepthStep); }

  TileLayout code_layout() const {
    return {padded_cols() / kTileCols, strip, size_t(padded_depth()) / 4 * format.bits / 8,
            kLineBytes};
  }
  TileLayout scale_layout() const {
    return {padded_cols() / kTileCols, strip, size_t(groups), kTileCols};
  }
};

// Bytes of one channel's codes on disk.
constexpr size_t DiskRowBytes(int bits, int depth) { return (size_t(bits) * depth + 7) / 8; }

// Bytes that PackMatrix writes behind `codes`.
size_t PackedCodeBytes(WeightFormat format, int cols, int depth);

// Floats that PackMatrix writes behind `scale`: scales, then zeros where the scheme has them.
size_t PackedScaleCount(WeightFormat format, int cols, int depth);

// A matrix as it stands on disk.
struct DiskMatrix {
  const uint8_t* codes = nullptr;  // [cols] rows of DiskRowBytes; float32 rows when bits is 32
  const float* scale = nullptr;    // [cols][groups]; unused for float32
  const float* zero = nullptr;     // the same; affine only
};

// Packs `disk` into `codes` and `scale`, both the caller's memory, 64-byte aligned; `strip` is of
// kStrips: every kernel reads either, and its table says which it reads fastest.
PackedMatrix PackMatrix(WeightFormat format, int cols, int depth, const DiskMatrix& disk,
                        void* codes, float* scale, int strip);

// Writes channel `col` of a packed matrix as floats, [depth]: a row of the token table.
void UnpackRow(const PackedMatrix& matrix, int col, float* out);

}  // namespace parrotlet
