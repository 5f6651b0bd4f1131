// Quantization of weight rows: the definition, its error bounds, and the search for scales.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CodeGrid, SCHEMES, type Scheme } from '../../../lib/import/code-format.js';
import { type Clip, stepsOf } from '../../../lib/import/group-scales.js';
import type { CodeBits } from '../../../lib/import/pack.js';
import { quantizeRows, sqnrDb } from '../../../lib/import/quantize.js';
import { weightOf } from '../../../lib/import/steps.js';
import { valuesFor } from './files.js';

const WIDTHS: readonly CodeBits[] = [8, 4, 2];

// Made by test/reference/make_integers.py with the quantizer of training.
const golden: {
  readonly weights: string;
  readonly cases: readonly (CodeGrid & {
    readonly codes: string;
    readonly scales: string;
    readonly zeros?: string;
  })[];
} = JSON.parse(readFileSync(new URL('../../golden/rounding.json', import.meta.url), 'utf8'));

// A copy: small buffers share an allocation, in which typed arrays may not be aligned.
function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}

function floatsOf(base64: string): Float32Array {
  return new Float32Array(bytesOf(base64).buffer);
}

function quantize(weights: ArrayLike<number>, bits: CodeBits, clip: Clip, groupSize?: number) {
  return quantizeIn('symmetric', weights, { bits, clip, groupSize });
}

function quantizeIn(
  scheme: Scheme,
  weights: ArrayLike<number>,
  options: { bits: CodeBits; clip: Clip; groupSize?: number | undefined },
) {
  const values = Float32Array.from(weights);
  const { groupSize = values.length } = options;
  const quantized = quantizeRows(values, { ...options, groupSize, scheme });
  const steps = stepsOf(quantized, scheme);
  const decoded = Float32Array.from(quantized.codes, (q, i) => {
    return weightOf(q, steps[Math.floor(i / groupSize)]!);
  });
  return { ...quantized, values: decoded };
}

describe('quantizeRows', () => {
  it('rounds halves up and scales by the largest magnitude', () => {
    const { codes, scales } = quantize([7, 0.5, -0.5, 1.5, -1.5, -7], 4, 'max');
    expect([...scales]).toEqual([1]);
    expect([...codes]).toEqual([7, 1, 0, 2, -1, -7]);
  });

  it.each(golden.cases)(
    'gives the integers of training: $scheme, $bits bits, groups of $groupSize',
    (wanted) => {
      const weights = floatsOf(golden.weights);
      const { codes, scales, zeros } = quantizeRows(weights, { ...wanted, clip: 'max' });
      expect(codes).toEqual(new Int8Array(bytesOf(wanted.codes).buffer));
      expect(scales).toEqual(floatsOf(wanted.scales));
      expect(zeros).toEqual(wanted.scheme === 'affine' ? floatsOf(wanted.zeros!) : undefined);
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

  it.each(SCHEMES)('errs by at most half a scale when unclipped: %s', (scheme) => {
    const weights = fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), {
      minLength: 1,
      maxLength: 48,
    });
    fc.assert(
      fc.property(weights, fc.constantFrom(...WIDTHS), (values, bits) => {
        const { scales, values: found } = quantizeIn(scheme, values, { bits, clip: 'max' });
        const largest = Math.max(...values.map(Math.abs));
        for (const [i, w] of values.entries()) {
          const slack = 1e-6 * largest + 2 ** -126 * 2 ** bits;
          // All weights of an affine group that has no range become 0.
          const half = scheme === 'affine' && scales[0] === 0 ? largest : scales[0]! / 2;
          expect(Math.abs(w - found[i]!)).toBeLessThanOrEqual(half + slack);
        }
      }),
    );
  });

  it.each(SCHEMES)('never errs more by searching than by the whole range: %s', (scheme) => {
    const weights = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), {
      minLength: 16,
      maxLength: 16,
    });
    fc.assert(
      fc.property(weights, fc.constantFrom(...WIDTHS), (values, bits) => {
        const searched = quantizeIn(scheme, values, { bits, clip: 'search' }).noise;
        const whole = quantizeIn(scheme, values, { bits, clip: 'max' }).noise;
        expect(searched).toBeLessThanOrEqual(whole);
      }),
    );
  });

  it('puts mid-rise codes on both sides of zero, and the largest magnitude outermost', () => {
    const options = { bits: 2, clip: 'max' } as const;
    const { codes, scales, zeros, values } = quantizeIn('midRise', [3, 1, -1, -3, 0.1], options);
    expect([...codes]).toEqual([1, 0, -1, -2, 0]);
    expect([...scales]).toEqual([2]);
    expect(zeros).toBeUndefined();
    expect([...values]).toEqual([3, 1, -1, -3, 1]);
  });

  it('spreads affine codes from the least weight to the largest', () => {
    const options = { bits: 2, clip: 'max' } as const;
    const { codes, scales, zeros, values } = quantizeIn('affine', [4, 10, 6, 8], options);
    expect([...codes]).toEqual([-2, 1, -1, 0]);
    expect([...scales]).toEqual([2]);
    expect([...zeros!]).toEqual([-8]);
    expect([...values]).toEqual([4, 10, 6, 8]);
  });

  it('loses less than symmetric codes where weights are not around zero', () => {
    const weights = valuesFor(512, 6).map((w) => w + 1);
    for (const bits of WIDTHS) {
      const [symmetric, affine] = (['symmetric', 'affine'] as const).map((scheme) => {
        return quantizeIn(scheme, weights, { bits, clip: 'search', groupSize: 32 }).noise;
      });
      expect(affine).toBeLessThan(0.5 * symmetric!);
    }
  });

  it('errs less by mid-rise than by symmetric codes in 2 bits, around zero', () => {
    const weights = valuesFor(288 * 64, 3);
    const noise = (scheme: Scheme) => {
      return quantizeIn(scheme, weights, { bits: 2, clip: 'search', groupSize: 288 }).noise;
    };
    expect(noise('midRise')).toBeLessThan(0.9 * noise('symmetric'));
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

  it.each(SCHEMES)('gives zeros and vanishing values scale, zero and codes 0: %s', (scheme) => {
    for (const value of [0, 1e-44]) {
      const weights = Array(16).fill(value).concat(0);
      const { scales, zeros, codes } = quantizeIn(scheme, weights, { bits: 2, clip: 'search' });
      expect([...scales]).toEqual([0]);
      expect(zeros).toEqual(scheme === 'affine' ? Float32Array.of(0) : undefined);
      expect(codes.every((code) => code === 0)).toBe(true);
    }
  });

  it('accounts for signal and noise', () => {
    const weights = valuesFor(96, 5);
    const { codes, scales, signal, noise } = quantize(weights, 4, 'search', 32);
    const error = (w: number, i: number) => {
      return w - Math.fround(scales[Math.floor(i / 32)]! * codes[i]!);
    };
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
