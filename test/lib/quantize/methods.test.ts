// The quantization methods on small matrices: each against brute force or its own measure.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClipError } from '../../../lib/import/clip-search.js';
import {
  type CodeGrid,
  largestCode,
  SCHEMES,
  type Scheme,
} from '../../../lib/import/code-format.js';
import { type Clip, findScales, stepsOf } from '../../../lib/import/group-scales.js';
import type { CodeBits } from '../../../lib/import/pack.js';
import { encodeRows } from '../../../lib/import/quantize.js';
import { makeSteps, type Steps, weightOf } from '../../../lib/import/steps.js';
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
const scheme = 'symmetric';
const anyScheme = fc.constantFrom(...SCHEMES);

/** The weights that codes stand for. */
function decoded(
  codes: ArrayLike<number>,
  steps: readonly Steps[],
  groupSize: number,
): Float32Array {
  return Float32Array.from(codes, (q, i) => weightOf(q, steps[Math.floor(i / groupSize)]!));
}

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
  const errorOf = (
    weights: Float32Array,
    grid: CodeGrid,
    options: { readonly clip: Clip; readonly clipError: ClipError },
  ) => {
    const { clipError } = options;
    const found = findScales(weights, { ...grid, ...options });
    const { codes } = encodeRows(weights, found, grid);
    const values = decoded(codes, stepsOf(found, grid.scheme), grid.groupSize);
    const errors = [...weights].map((w, i) => w - values[i]!);
    return errors.reduce((sum, e) => sum + (clipError === 'l1' ? Math.abs(e) : e * e), 0);
  };

  it.each(['mse', 'l1'] as const)('never errs more than any ratio it tries, by %s', (clipError) => {
    fc.assert(
      fc.property(weights16, fc.constantFrom(...WIDTHS), anyScheme, (weights, bits, scheme) => {
        const grid = { bits, groupSize: 16, scheme };
        const searched = errorOf(weights, grid, { clip: 'search', clipError });
        const tried = bits === 8 ? [1] : bits === 4 ? [1, 0.8, 0.6] : [1, 0.5, 0.1];
        for (const clip of tried) {
          const error = errorOf(weights, grid, { clip, clipError });
          expect(searched).toBeLessThanOrEqual(error * (1 + 1e-6));
        }
      }),
    );
  });

  it('scales by a number where one is given', () => {
    const weights = Float32Array.from([7, -3, 1, 0]);
    const format = { bits: 4, groupSize: 4, clip: 0.5, scheme } as const;
    const found = findScales(weights, format);
    expect(found).toEqual({ scales: Float32Array.of(0.5), zeros: undefined });
    expect([...encodeRows(weights, found, format).codes]).toEqual([7, -6, 2, 0]);
  });

  it('clips both edges of an affine range by a number', () => {
    const weights = Float32Array.from([30, -2, 0, 14]);
    const format = { bits: 4, groupSize: 4, clip: 0.5, scheme: 'affine' } as const;
    const found = findScales(weights, format); // of -1 to 15: 16 codes from -8 on
    const scale = Math.fround(16 / 15);
    expect([...found.scales]).toEqual([scale]);
    expect(found.zeros![0]).toBeCloseTo(scale * (-8 + 1 / scale), 5);
    expect([...encodeRows(weights, found, format).codes]).toEqual([7, -8, -7, 6]);
  });

  it('finds one ratio for a span of groups, the one of least error over all', () => {
    const weights = valuesFor(64, 11);
    weights[3] = 4;
    const format = { bits: 2, groupSize: 16, clip: 'search', scheme } as const;
    const scales = findScales(weights, { ...format, clipSpan: 64 });
    const unclipped = findScales(weights, { ...format, clip: 'max' });
    const ratios = [...scales.scales].map((scale, g) => scale / unclipped.scales[g]!);
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
      fc.property(weights16, fc.constantFrom(...WIDTHS), anyScheme, (weights, bits, scheme) => {
        const grid = { bits, groupSize: 16, scheme };
        const found = findScales(weights, { ...grid, clip: 'max' });
        const refined = refineScales(weights, found, grid);
        const [before, after] = [stepsOf(found, scheme), stepsOf(refined, scheme)];
        for (const g of [0, 1]) {
          const group = weights.subarray(16 * g, 16 * g + 16);
          const error = lpError(group, before[g]!, largestCode(bits));
          expect(lpError(group, after[g]!, largestCode(bits))).toBeLessThanOrEqual(error);
        }
        if (scheme === 'affine') expect(refined.scales).toEqual(found.scales);
      }),
    );
  });

  // All steps that differ from the given ones in what is fitted: the zero if affine, else the scale.
  function others(scheme: Scheme, { scale, zero }: Steps, bits: CodeBits): Steps[] {
    const widest = scale * largestCode(bits);
    return Array.from({ length: 600 }, (_, i) => {
      if (scheme !== 'affine') return makeSteps(scheme, Math.fround((scale * (i + 1)) / 300), 0);
      return makeSteps(scheme, scale, Math.fround(zero + ((i - 300) / 300) * widest));
    });
  }

  it.each([
    ['symmetric', 2, 1.02],
    ['symmetric', 4, 1.08],
    ['midRise', 2, 1.02],
    ['midRise', 4, 1.08],
    ['affine', 2, 1.02],
    ['affine', 4, 1.08],
  ] as const)('comes near the best steps of brute force: %s, %i bits', (scheme, bits, factor) => {
    const high = largestCode(bits);
    const grid = { bits, groupSize: 128, scheme };
    const sums = { start: 0, refined: 0, best: 0 };
    for (let seed = 0; seed < 20; ++seed) {
      const group = valuesFor(128, 100 + seed);
      const start = findScales(group, { ...grid, clip: 'search' });
      const [first] = stepsOf(start, scheme) as [Steps];
      const [refined] = stepsOf(refineScales(group, start, grid), scheme) as [Steps];
      const errors = others(scheme, first, bits).map((steps) => lpError(group, steps, high));
      sums.start += lpError(group, first, high);
      sums.refined += lpError(group, refined, high);
      sums.best += Math.min(...errors);
    }
    expect(sums.refined).toBeLessThan(factor * sums.best);
    expect(sums.refined).toBeLessThan(0.995 * sums.start);
  });

  const codes = [7, -6, 5, -4, 3, 2, -1, 1, -7, 6, 4, -3, 2, 5, -5, 1];

  it.each([
    ['symmetric', 0],
    ['midRise', 0.005],
  ] as const)('gets back the scale of %s codes but for an outlier', (scheme, half) => {
    const group = Float32Array.from(codes, (q, i) => 0.01 * q + half + (i === 5 ? 0.004 : 0));
    const start = { scales: Float32Array.of(0.0104), zeros: undefined };
    const { scales } = refineScales(group, start, { bits: 4, groupSize: 16, scheme });
    expect(Math.abs(scales[0]! - 0.01)).toBeLessThan(2e-5);
  });

  it('gets back the zero of affine codes but for an outlier', () => {
    const group = Float32Array.from(codes, (q, i) => 0.01 * q - 0.3 + (i === 5 ? 0.004 : 0));
    const start = { scales: Float32Array.of(0.01), zeros: Float32Array.of(0.303) };
    const grid = { bits: 4, groupSize: 16, scheme: 'affine' } as const;
    const { scales, zeros } = refineScales(group, start, grid);
    expect([...scales]).toEqual([Math.fround(0.01)]);
    expect(Math.abs(zeros![0]! - 0.3)).toBeLessThan(1e-4);
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
    for (const scheme of SCHEMES) {
      const grid = { bits: 4, groupSize: 8, scheme } as const;
      const found = findScales(row, { ...grid, clip: 'max' });
      const { codes } = encodeRows(row, found, grid);
      expect(roundWithFeedback(feedback, row, stepsOf(found, scheme), 7)).toEqual(codes);
    }
  });

  it.each(SCHEMES)('comes nearer to the best codes than rounding does: %s', async (scheme) => {
    const moments = momentsOf(correlatedRows(6, 40, 3));
    const feedback = await makeFeedback(moments);
    const grid = { bits: 2, groupSize: 6, scheme } as const;
    const excess = { rounded: 0, fed: 0 };
    for (let seed = 0; seed < 30; ++seed) {
      const row = valuesFor(6, 300 + seed);
      const found = findScales(row, { ...grid, clip: 'search' });
      const steps = stepsOf(found, scheme);
      const energy = (codes: ArrayLike<number>) =>
        outputEnergy(
          moments,
          Float64Array.from(row, (w, i) => w - weightOf(codes[i]!, steps[0]!)),
        );
      let least = Number.POSITIVE_INFINITY;
      for (let all = 0; all < 4 ** 6; ++all) {
        least = Math.min(least, energy(Array.from(row, (_, i) => ((all >> (2 * i)) & 3) - 2)));
      }
      excess.rounded += energy(encodeRows(row, found, grid).codes) - least;
      excess.fed += energy(roundWithFeedback(feedback, row, steps, 1)) - least;
    }
    expect(excess.fed).toBeLessThan(0.6 * excess.rounded);
  });
});

describe('MatrixQuantizer', () => {
  const depth = 32;
  const rows = valuesFor(12 * depth, 21);
  const calibration = correlatedRows(depth, 100, 7);
  const moments = momentsOf(calibration);

  async function errorBy(method: MatrixSettings['method'], grid: CodeGrid) {
    const quantizer = await MatrixQuantizer.create(settings({ method, moments }), depth);
    const quantized = quantizer.quantize(rows, grid);
    const steps = stepsOf(quantized, grid.scheme);
    const values = decoded(quantized.codes, steps, grid.groupSize);
    const error = rows.map((w, i) => w - values[i]!);
    return { quantizer, error, noise: quantized.noise };
  }

  it.each(SCHEMES)('measures the error of the outputs that calibration had: %s', async (scheme) => {
    for (const method of ['round', 'hqq', 'gptq'] as const) {
      const grid = { bits: 4, groupSize: 16, scheme } as const;
      const { quantizer, error, noise } = await errorBy(method, grid);
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

  it.each(SCHEMES)('errs never more by gptq than by rounding: %s', async (scheme) => {
    for (const bits of WIDTHS) {
      for (const groupSize of [16, 32]) {
        const grid = { bits, groupSize, scheme };
        const rounded = (await errorBy('round', grid)).quantizer.outputError!;
        const fed = (await errorBy('gptq', grid)).quantizer.outputError!;
        expect(fed).toBeLessThanOrEqual(rounded);
        expect(fed).toBeLessThan(0.7 * rounded);
      }
    }
  });

  it('tells the mean clip, and no output error without calibration', async () => {
    for (const scheme of SCHEMES) {
      const quantizer = await MatrixQuantizer.create(settings({ clip: 0.75 }), depth);
      expect(quantizer.clip).toBeUndefined();
      quantizer.quantize(rows, { bits: 4, groupSize: 16, scheme });
      expect(quantizer.clip).toBeCloseTo(0.75, 5);
      expect(quantizer.outputError).toBeUndefined();
    }
  });

  it('bears rows of zeros, and inputs that were never heard', async () => {
    const dead = momentsOf(calibration.map((x) => x.map((value, i) => (i < 8 ? 0 : value))));
    const quantizer = await MatrixQuantizer.create(settings({ method: 'gptq', moments: dead }), 32);
    const values = valuesFor(2 * depth, 8).fill(0, 0, depth);
    const { codes, scales, noise } = quantizer.quantize(values, {
      bits: 4,
      groupSize: 32,
      scheme,
    });
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
