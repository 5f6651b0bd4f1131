// The quantization methods on small matrices: each against brute force or its own measure.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CodeBits } from '../../../lib/import/pack.js';
import {
  type Clip,
  type ClipError,
  encodeRows,
  findScales,
  largestCode,
} from '../../../lib/import/quantize.js';
import { makeFeedback, roundWithFeedback } from '../../../lib/quantize/error-feedback.js';
import { lpError, refineScales } from '../../../lib/quantize/half-quadratic.js';
import { MatrixQuantizer, type MatrixSettings } from '../../../lib/quantize/matrix-quantizer.js';
import {
  addMoments,
  dot,
  outputEnergy,
  type SecondMoments,
} from '../../../lib/quantize/second-moments.js';
import { valuesFor } from '../import/files.js';

const WIDTHS: readonly CodeBits[] = [2, 4, 8];

/** Moments of `count` rows whose inputs go together, as those of a network do. */
function momentsOf(rows: readonly Float32Array[]): SecondMoments {
  const inputs = rows[0]!.length;
  const values = new Float64Array(inputs * inputs);
  for (const row of rows) {
    for (let i = 0; i < inputs; ++i) {
      for (let k = 0; k < inputs; ++k) values[i * inputs + k]! += row[i]! * row[k]!;
    }
  }
  return { inputs, rows: rows.length, values };
}

function correlatedRows(inputs: number, count: number, seed: number): Float32Array[] {
  return Array.from({ length: count }, (_, r) => {
    const noise = valuesFor(inputs, seed * 1000 + r);
    const common = valuesFor(3, seed * 2000 + r);
    return noise.map((value, i) => 0.3 * value + common[i % 3]!);
  });
}

function settings(fields: Partial<MatrixSettings>): MatrixSettings {
  return {
    ...{ method: 'round', clip: 'search', clipError: 'mse', clipPer: 'group', moments: undefined },
    ...fields,
  };
}

const weights16 = fc
  .array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 32, maxLength: 32 })
  .map((values) => Float32Array.from(values));

describe('the search for a clip', () => {
  const errorOf = (weights: Float32Array, bits: CodeBits, clip: Clip, clipError: ClipError) => {
    const format = { bits, groupSize: 16 };
    const { codes, scales } = encodeRows(
      weights,
      findScales(weights, { ...format, clip, clipError }),
      format,
    );
    const errors = [...weights].map((w, i) => w - scales[i >> 4]! * codes[i]!);
    return errors.reduce((sum, e) => sum + (clipError === 'l1' ? Math.abs(e) : e * e), 0);
  };

  it.each(['mse', 'l1'] as const)('never errs more than any ratio it tries, by %s', (clipError) => {
    fc.assert(
      fc.property(weights16, fc.constantFrom(...WIDTHS), (weights, bits) => {
        const searched = errorOf(weights, bits, 'search', clipError);
        const tried = bits === 8 ? [1] : bits === 4 ? [1, 0.8, 0.6] : [1, 0.5, 0.1];
        for (const ratio of tried) {
          const slack = 1e-6 * errorOf(weights, bits, ratio, clipError);
          expect(searched).toBeLessThanOrEqual(errorOf(weights, bits, ratio, clipError) + slack);
        }
      }),
    );
  });

  it('scales by a number where one is given', () => {
    const weights = Float32Array.from([7, -3, 1, 0]);
    const format = { bits: 4, groupSize: 4, clip: 0.5 } as const;
    expect([...findScales(weights, format)]).toEqual([0.5]);
    expect([...encodeRows(weights, Float32Array.of(0.5), format).codes]).toEqual([7, -6, 2, 0]);
  });

  it('finds one ratio for a span of groups, the one of least error over all', () => {
    const weights = valuesFor(64, 11);
    weights[3] = 4;
    const format = { bits: 2, groupSize: 16, clip: 'search' } as const;
    const scales = findScales(weights, { ...format, clipSpan: 64 });
    const unclipped = findScales(weights, { ...format, clip: 'max' });
    const ratios = [...scales].map((scale, g) => scale / unclipped[g]!);
    for (const ratio of ratios) expect(ratio).toBeCloseTo(ratios[0]!, 5);
    const { noise } = encodeRows(weights, scales, format);
    for (let ratio = 1; ratio > 0.1; ratio -= 0.02) {
      const other = findScales(weights, { ...format, clip: ratio });
      expect(noise).toBeLessThanOrEqual(encodeRows(weights, other, format).noise * (1 + 1e-5));
    }
  });
});

describe('half-quadratic splitting', () => {
  it('never makes the lp error of a group larger', () => {
    fc.assert(
      fc.property(weights16, fc.constantFrom(...WIDTHS), (weights, bits) => {
        const format = { bits, groupSize: 16 };
        const scales = findScales(weights, { ...format, clip: 'max' });
        const refined = refineScales(weights, scales, format);
        for (const g of [0, 1]) {
          const group = weights.subarray(16 * g, 16 * g + 16);
          const before = lpError(group, scales[g]!, largestCode(bits));
          expect(lpError(group, refined[g]!, largestCode(bits))).toBeLessThanOrEqual(before);
        }
      }),
    );
  });

  it.each([
    [2, 1.02],
    [4, 1.08],
  ] as const)('comes near the best scales of brute force, at %i bits', (bits, factor) => {
    const high = largestCode(bits);
    const sums = { start: 0, refined: 0, best: 0 };
    for (let seed = 0; seed < 20; ++seed) {
      const group = valuesFor(128, 100 + seed);
      const start = findScales(group, { bits, groupSize: 128, clip: 'search' });
      const [scale] = refineScales(group, start, { bits, groupSize: 128 });
      const most = Math.max(...group.map(Math.abs)) / high;
      let least = Number.POSITIVE_INFINITY;
      for (let ratio = 0.05; ratio <= 1.2; ratio += 0.002) {
        least = Math.min(least, lpError(group, Math.fround(most * ratio), high));
      }
      sums.start += lpError(group, start[0]!, high);
      sums.refined += lpError(group, scale!, high);
      sums.best += least;
    }
    expect(sums.refined).toBeLessThan(factor * sums.best);
    expect(sums.refined).toBeLessThan(0.99 * sums.start);
  });

  it('gets back the scale of weights that are codes but for a few outliers', () => {
    const codes = [7, -6, 5, -4, 3, 2, -1, 1, -7, 6, 4, -3, 2, 5, -5, 1];
    const group = Float32Array.from(codes, (q, i) => 0.01 * q + (i === 5 ? 0.004 : 0));
    const start = Float32Array.of(0.0104);
    const [scale] = refineScales(group, start, { bits: 4, groupSize: 16 });
    expect(Math.abs(scale! - 0.01)).toBeLessThan(2e-5);
  });
});

describe('error feedback', () => {
  it('factors the damped moments: its shares undo what earlier errors do to an output', async () => {
    const moments = momentsOf(correlatedRows(8, 50, 1));
    const { order, shares } = await makeFeedback(moments);
    expect([...order].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const squares = [...order].map((i) => moments.values[i * 8 + i]!);
    expect(squares).toEqual([...squares].sort((a, b) => b - a));
    // The last input's error that makes up best for an error of the first is found by least squares
    // over the errors that are still free; with only one free, that is -H_ji / H_jj.
    const trace = squares.reduce((sum, square) => sum + square, 0);
    const [before, last] = [order[6]!, order[7]!];
    const expected =
      moments.values[last * 8 + before]! / (moments.values[last * 8 + last]! + (0.01 * trace) / 8);
    expect(shares[7 * 8 + 6]).toBeCloseTo(expected, 5);
  });

  it('rounds to the nearest where inputs have nothing in common', async () => {
    const values = new Float64Array(256);
    for (let i = 0; i < 16; ++i) values[i * 17] = 1 + i;
    const feedback = await makeFeedback({ inputs: 16, rows: 9, values });
    const row = valuesFor(16, 5);
    const scales = findScales(row, { bits: 4, groupSize: 16, clip: 'max' });
    const { codes } = encodeRows(row, scales, { bits: 4, groupSize: 16 });
    expect(roundWithFeedback(feedback, row, scales, 7)).toEqual(codes);
  });

  it('comes nearer to the best codes of brute force than rounding does', async () => {
    const moments = momentsOf(correlatedRows(6, 40, 3));
    const feedback = await makeFeedback(moments);
    const excess = { rounded: 0, fed: 0 };
    for (let seed = 0; seed < 30; ++seed) {
      const row = valuesFor(6, 300 + seed);
      const scales = findScales(row, { bits: 2, groupSize: 6, clip: 'search' });
      const energy = (codes: ArrayLike<number>) =>
        outputEnergy(
          moments,
          Float64Array.from(row, (w, i) => w - scales[0]! * codes[i]!),
        );
      let least = Number.POSITIVE_INFINITY;
      for (let all = 0; all < 4 ** 6; ++all) {
        least = Math.min(least, energy(Array.from(row, (_, i) => ((all >> (2 * i)) & 3) - 2)));
      }
      excess.rounded += energy(encodeRows(row, scales, { bits: 2, groupSize: 6 }).codes) - least;
      excess.fed += energy(roundWithFeedback(feedback, row, scales, 1)) - least;
    }
    expect(excess.fed).toBeLessThan(0.6 * excess.rounded);
  });
});

describe('MatrixQuantizer', () => {
  const depth = 32;
  const rows = valuesFor(12 * depth, 21);
  const calibration = correlatedRows(depth, 100, 7);
  const moments = momentsOf(calibration);

  async function errorBy(method: MatrixSettings['method'], bits: CodeBits, groupSize: number) {
    const quantizer = await MatrixQuantizer.create(settings({ method, moments }), depth);
    const { codes, scales, noise } = quantizer.quantize(rows, { bits, groupSize });
    const error = rows.map((w, i) => w - scales[Math.floor(i / groupSize)]! * codes[i]!);
    return { quantizer, error, noise };
  }

  it('measures the error of the very outputs that calibration had', async () => {
    for (const method of ['round', 'hqq', 'gptq'] as const) {
      const { quantizer, error, noise } = await errorBy(method, 4, 16);
      const energy = (matrix: Float32Array) => {
        let sum = 0;
        for (const x of calibration) {
          for (let r = 0; r < 12; ++r) {
            const output = x.reduce((dot, value, i) => dot + value * matrix[r * depth + i]!, 0);
            sum += output * output;
          }
        }
        return sum;
      };
      const expected = energy(error) / energy(rows);
      expect(Math.abs(quantizer.outputError! / expected - 1), method).toBeLessThan(1e-3);
      expect(noise).toBeCloseTo(
        error.reduce((sum, e) => sum + e * e, 0),
        5,
      );
    }
  });

  it('errs never more by gptq than by rounding, on the calibration inputs', async () => {
    for (const bits of WIDTHS) {
      for (const groupSize of [16, 32]) {
        const rounded = (await errorBy('round', bits, groupSize)).quantizer.outputError!;
        const fed = (await errorBy('gptq', bits, groupSize)).quantizer.outputError!;
        expect(fed).toBeLessThanOrEqual(rounded);
        expect(fed).toBeLessThan(0.7 * rounded);
      }
    }
  });

  it('tells the mean clip, and no output error without calibration', async () => {
    const quantizer = await MatrixQuantizer.create(settings({ clip: 0.75 }), depth);
    expect(quantizer.clip).toBeUndefined();
    quantizer.quantize(rows, { bits: 4, groupSize: 16 });
    expect(quantizer.clip).toBeCloseTo(0.75, 5);
    expect(quantizer.outputError).toBeUndefined();
  });

  it('bears rows of zeros, and inputs that were never heard', async () => {
    const dead = momentsOf(calibration.map((x) => x.map((value, i) => (i < 8 ? 0 : value))));
    const quantizer = await MatrixQuantizer.create(settings({ method: 'gptq', moments: dead }), 32);
    const values = valuesFor(2 * depth, 8).fill(0, 0, depth);
    const { codes, scales, noise } = quantizer.quantize(values, { bits: 4, groupSize: 32 });
    expect(scales[0]).toBe(0);
    expect(codes.subarray(0, depth).every((q) => q === 0)).toBe(true);
    expect(Number.isFinite(noise)).toBe(true);
    expect(quantizer.outputError).toBeLessThan(0.05);
  });
});

it('adds the moments of sessions', () => {
  const part = (rows: number, ...values: number[]) => {
    return { inputs: 2, rows, values: Float32Array.from(values) };
  };
  const sum = addMoments([part(3, 4, 1, 1, 2), part(5, 3, -2, -2, 7)]);
  expect(sum).toEqual({ inputs: 2, rows: 8, values: Float64Array.of(7, -1, -1, 9) });
});

it('sums products of runs of any length', () => {
  const values = Float64Array.from(valuesFor(40, 9));
  for (let count = 0; count < 12; ++count) {
    const expected = Array.from({ length: count }, (_, i) => values[3 + i]! * values[20 + i]!);
    const sum = expected.reduce((total, product) => total + product, 0);
    expect(dot(values, 3, values, 20, count)).toBeCloseTo(sum, 12);
  }
});
