// Weight codes as they stand in a model file: two's complement, packed along the inputs of each
// output row, first code in the lowest bits, every row starting on a byte (cpp/quant/pack.h).

/** Widths of quantized weights. */
export type CodeBits = 8 | 4 | 2;

/** Bytes that one row of `depth` codes takes. */
export function packedRowBytes(bits: CodeBits, depth: number): number {
  return Math.ceil((bits * depth) / 8);
}

/** Packs rows of codes; `codes` is [rows][depth], each in [-2^(bits-1), 2^(bits-1) - 1]. */
export function packCodes(codes: Int8Array, depth: number, bits: CodeBits): Uint8Array {
  if (bits === 8) return new Uint8Array(codes.buffer, codes.byteOffset, codes.length);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const rowBytes = packedRowBytes(bits, depth);
  const rows = codes.length / depth;
  const packed = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; ++row) {
    for (let k = 0; k < depth; ++k) {
      const at = row * rowBytes + Math.floor(k / perByte);
      packed[at]! |= (codes[row * depth + k]! & mask) << (bits * (k % perByte));
    }
  }
  return packed;
}

/** The inverse of {@link packCodes}. */
export function unpackCodes(packed: Uint8Array, depth: number, bits: CodeBits): Int8Array {
  const perByte = 8 / bits;
  const rowBytes = packedRowBytes(bits, depth);
  const rows = packed.length / rowBytes;
  const codes = new Int8Array(rows * depth);
  for (let row = 0; row < rows; ++row) {
    for (let k = 0; k < depth; ++k) {
      const byte = packed[row * rowBytes + Math.floor(k / perByte)]!;
      // Left-aligned in 32 bits, then shifted back with its sign.
      codes[row * depth + k] = (byte << (32 - bits - bits * (k % perByte))) >> (32 - bits);
    }
  }
  return codes;
}
