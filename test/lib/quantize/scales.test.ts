// Scales and zeros by clip search and half-quadratic splitting: against brute force.
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
import { makeSteps, type Steps } from '../../../lib/import/steps.js';
import { lpError, refineScales } from '../../../lib/quantize/half-quadratic.js';
import { valuesFor } from '../import/files.js';
import { decoded } from './decoded.js';

const WIDTHS: readonly CodeBits[] = [2, 4, 8];
const scheme = 'symmetric';
const anyScheme = fc.constantFrom(...SCHEMES);

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
