// The methods on small matrices: error feedback against brute force, and what is measured of all of them.
import { describe, expect, it } from 'vitest';
import { type CodeGrid, SCHEMES } from '../../../lib/import/code-format.js';
import { findScales, stepsOf } from '../../../lib/import/group-scales.js';
import type { CodeBits } from '../../../lib/import/pack.js';
import { encodeRows } from '../../../lib/import/quantize.js';
import { weightOf } from '../../../lib/import/steps.js';
import { makeFeedback, roundWithFeedback } from '../../../lib/quantize/error-feedback.js';
import {
  MatrixQuantizer,
  type MatrixSettings,
  METHODS,
} from '../../../lib/quantize/matrix-quantizer.js';
import { addMoments, dot, outputEnergy } from '../../../lib/quantize/second-moments.js';
import { valuesFor } from '../import/files.js';
import { decoded } from './decoded.js';
import { correlatedRows, momentsOf } from './moments.js';

const WIDTHS: readonly CodeBits[] = [2, 4, 8];
const scheme = 'symmetric';

function settings(fields: Partial<MatrixSettings>): MatrixSettings {
  return {
    ...{ method: 'round', clip: 'search', clipError: 'mse', clipPer: 'group', moments: undefined },
    ...fields,
  };
}

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
    for (const method of METHODS) {
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
        const fitted = (await errorBy('gptq-fit', grid)).quantizer.outputError!;
        expect(fitted).toBeLessThan(fed);
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
