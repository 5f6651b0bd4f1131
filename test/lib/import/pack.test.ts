// Packing of weight codes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CodeBits, packCodes, packedRowBytes, unpackCodes } from '../../../lib/import/pack.js';

const WIDTHS: readonly CodeBits[] = [8, 4, 2];

describe('packCodes', () => {
  it('puts the first code in the lowest bits and starts every row on a byte', () => {
    expect([...packCodes(Int8Array.of(1, -8, 7, -1, 0, 3), 3, 4)]).toEqual([0x81, 0x07, 0x0f, 3]);
    expect([...packCodes(Int8Array.of(1, -2, -1, 0, 1), 5, 2)]).toEqual([0b00111001, 0b01]);
    expect([...packCodes(Int8Array.of(-128, 127), 1, 8)]).toEqual([0x80, 0x7f]);
  });

  it.each(WIDTHS)('is undone by unpackCodes for every %i-bit code at every place', (bits) => {
    const low = -(2 ** (bits - 1));
    const all = Int8Array.from({ length: 2 ** bits }, (_, i) => low + i);
    for (const depth of [1, 2, 3, 5, 8, 13, all.length].filter((depth) => depth <= all.length)) {
      const rows = Math.floor(all.length / depth);
      const codes = all.subarray(0, rows * depth);
      const packed = packCodes(codes, depth, bits);
      expect(packed.length).toBe(rows * packedRowBytes(bits, depth));
      expect(unpackCodes(packed, depth, bits)).toEqual(codes);
    }
  });

  it('is undone by unpackCodes for random matrices', () => {
    const matrix = fc
      .tuple(fc.constantFrom(...WIDTHS), fc.integer({ min: 1, max: 40 }), fc.nat(6))
      .chain(([bits, depth, rows]) =>
        fc
          .array(fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }), {
            minLength: rows * depth,
            maxLength: rows * depth,
          })
          .map((codes) => ({ bits, depth, codes: Int8Array.from(codes) })),
      );
    fc.assert(
      fc.property(matrix, ({ bits, depth, codes }) => {
        expect(unpackCodes(packCodes(codes, depth, bits), depth, bits)).toEqual(codes);
      }),
    );
  });
});
