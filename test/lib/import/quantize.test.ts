// Quantization of weight rows: the definition, its error bounds, and the search for scales.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CodeBits } from '../../../lib/import/pack.js';
import {
  type Clip,
  type QuantizeOptions,
  quantizeRows,
  sqnrDb,
} from '../../../lib/import/quantize.js';
import { valuesFor } from './files.js';

const WIDTHS: readonly CodeBits[] = [8, 4, 2];

// Made by test/reference/make_rounding.py with the quantizer of training.
const golden: {
  readonly weights: string;
  readonly cases: readonly (Omit<QuantizeOptions, 'clip'> & { codes: string; scales: string })[];
} = JSON.parse(readFileSync(new URL('../../golden/rounding.json', import.meta.url), 'utf8'));

// A copy: small buffers share an allocation, in which typed arrays may not be aligned.
function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}

function quantize(weights: ArrayLike<number>, bits: CodeBits, clip: Clip, groupSize?: number) {
  const values = Float32Array.from(weights);
  return quantizeRows(values, { bits, clip, groupSize: groupSize ?? values.length });
}

describe('quantizeRows', () => {
  it('rounds halves up and scales by the largest magnitude', () => {
    const { codes, scales } = quantize([7, 0.5, -0.5, 1.5, -1.5, -7], 4, 'max');
    expect([...scales]).toEqual([1]);
    expect([...codes]).toEqual([7, 1, 0, 2, -1, -7]);
  });

  it.each(golden.cases)(
    'gives the integers of training at $bits bits, groups of $groupSize',
    (wanted) => {
      const weights = new Float32Array(bytesOf(golden.weights).buffer);
      const { codes, scales } = quantizeRows(weights, { ...wanted, clip: 'max' });
      expect(codes).toEqual(new Int8Array(bytesOf(wanted.codes).buffer));
      expect(scales).toEqual(new Float32Array(bytesOf(wanted.scales).buffer));
    },
  );

  it('stores float32 scales and computes codes with them', () => {
    const weights = valuesFor(64, 1);
    const { codes, scales } = quantize(weights, 8, 'max');
    const scale = scales[0]!;
    const largest = Math.max(...weights.map(Math.abs));
    expect(scale).toBe(Math.fround(largest / 127));
    for (const [i, w] of weights.entries()) {
      expect(codes[i]).toBe(Math.floor(w / scale + 0.5) + 0);
    }
  });

  it.each(WIDTHS)('errs by at most half a scale when unclipped, at %i bits', (bits) => {
    const weights = fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), {
      minLength: 1,
      maxLength: 48,
    });
    fc.assert(
      fc.property(weights, (values) => {
        const { codes, scales } = quantize(values, bits, 'max');
        const scale = scales[0]!;
        for (const [i, w] of values.entries()) {
          const slack = 2e-7 * Math.abs(w) + 2 ** -126 * 2 ** bits;
          expect(Math.abs(w - scale * codes[i]!)).toBeLessThanOrEqual(scale / 2 + slack);
        }
      }),
    );
  });

  it.each(WIDTHS)('never errs more by searching than by the largest magnitude, %i bits', (bits) => {
    const weights = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), {
      minLength: 16,
      maxLength: 16,
    });
    fc.assert(
      fc.property(weights, (values) => {
        const searched = quantize(values, bits, 'search').noise;
        expect(searched).toBeLessThanOrEqual(quantize(values, bits, 'max').noise);
      }),
    );
  });

  it('gains by clipping where one weight stands out', () => {
    const weights = [...valuesFor(255, 2).map((w) => w / 4), 1];
    for (const bits of [4, 2] as const) {
      const most = quantize(weights, bits, 'max');
      const searched = quantize(weights, bits, 'search');
      expect(searched.noise).toBeLessThan(0.8 * most.noise);
    }
  });

  it('reaches the ratios that normal weights allow', () => {
    const weights = valuesFor(288 * 64, 3);
    const ratio = (bits: CodeBits) => {
      const { signal, noise } = quantize(weights, bits, 'search', 288);
      return sqnrDb(signal, noise);
    };
    expect(ratio(8)).toBeGreaterThan(40);
    expect(ratio(4)).toBeGreaterThan(18);
    expect(ratio(2)).toBeGreaterThan(7);
  });

  it('uses the codes of its width and no other', () => {
    for (const bits of [4, 2] as const) {
      const { codes } = quantize(valuesFor(20000, 4), bits, 'search');
      const used = [...new Set(codes)].sort((a, b) => a - b);
      expect(used).toEqual(Array.from({ length: 2 ** bits }, (_, i) => i - 2 ** (bits - 1)));
    }
    expect([...quantize([-3, 3], 8, 'search').codes]).toEqual([-127, 127]);
  });

  it('gives every group its own scale', () => {
    const { scales, codes } = quantize(
      [...Array(16).fill(7), ...Array(16).fill(-0.007)],
      4,
      'max',
      16,
    );
    expect([...scales]).toEqual([1, Math.fround(0.001)]);
    expect(codes[0]).toBe(7);
    expect(codes[16]).toBe(-7);
  });

  it('gives a group of zeros, or of vanishing values, scale 0 and codes 0', () => {
    for (const value of [0, 1e-44]) {
      const { scales, codes } = quantize(Array(16).fill(value), 2, 'search');
      expect([...scales]).toEqual([0]);
      expect(codes.every((code) => code === 0)).toBe(true);
    }
  });

  it('accounts for signal and noise', () => {
    const weights = valuesFor(96, 5);
    const { codes, scales, signal, noise } = quantize(weights, 4, 'search', 32);
    const error = (w: number, i: number) => w - scales[Math.floor(i / 32)]! * codes[i]!;
    const sum = (of: (w: number, i: number) => number) =>
      [...weights].reduce((total, w, i) => total + of(w, i) ** 2, 0);
    expect(signal).toBeCloseTo(
      sum((w) => w),
      10,
    );
    expect(noise).toBeCloseTo(sum(error), 10);
    expect(sqnrDb(signal, noise)).toBeCloseTo(10 * Math.log10(signal / noise), 10);
    expect(sqnrDb(1, 0)).toBe(Number.POSITIVE_INFINITY);
  });
});
