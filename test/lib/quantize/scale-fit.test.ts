// Scales fitted to codes: no neighbour is better.
import { describe, expect, it } from 'vitest';
import { SCHEMES } from '../../../lib/import/code-format.js';
import { roundToHalf } from '../../../lib/import/float-formats.js';
import { findScales, type GroupScales, stepsOf } from '../../../lib/import/group-scales.js';
import { encodeRows } from '../../../lib/import/quantize.js';
import { fitScales } from '../../../lib/quantize/scale-fit.js';
import { outputEnergy } from '../../../lib/quantize/second-moments.js';
import { valuesFor } from '../import/files.js';
import { decoded } from './decoded.js';
import { correlatedRows, damped, momentsOf } from './moments.js';

describe('scales fitted to codes', () => {
  const depth = 12;
  const moments = momentsOf(correlatedRows(depth, 60, 3));
  const weighed = damped(moments);

  it.each(SCHEMES)('make the least error of outputs that the codes allow: %s', (scheme) => {
    const grid = { bits: 2, groupSize: 4, scheme } as const;
    let solved = 0;
    for (let seed = 0; seed < 20; ++seed) {
      const row = valuesFor(depth, 500 + seed);
      const found = findScales(row, { ...grid, clip: 'search' });
      const { codes } = encodeRows(row, found, grid);
      const energy = (scales: GroupScales) => {
        const values = decoded(codes, stepsOf(scales, scheme), 4);
        return outputEnergy(
          weighed,
          Float64Array.from(row, (w, i) => w - values[i]!),
        );
      };
      const fitted = fitScales(moments, row, codes, stepsOf(found, scheme), grid);
      if (!fitted) continue; // a scale would be negative
      ++solved;
      const least = energy(fitted);
      expect(least).toBeLessThan(energy(found));
      for (const part of ['scales', 'zeros'] as const) {
        for (let g = 0; g < (fitted[part]?.length ?? 0); ++g) {
          for (const change of [-0.01, 0.01]) {
            const moved = Float32Array.from(fitted[part]!, (x, i) => (i === g ? x + change : x));
            expect(energy({ ...fitted, [part]: moved })).toBeGreaterThan(least);
          }
        }
      }
    }
    expect(solved).toBeGreaterThan(15);
  });

  it('are those of float16 where the file holds such', () => {
    const grid = { bits: 4, groupSize: 4, scheme: 'affine', floats: 'float16' } as const;
    const row = valuesFor(depth, 77);
    const found = findScales(row, { ...grid, clip: 'max' });
    const { codes } = encodeRows(row, found, grid);
    const fitted = fitScales(moments, row, codes, stepsOf(found, 'affine'), grid)!;
    for (const value of [...fitted.scales, ...fitted.zeros!])
      expect(roundToHalf(value)).toBe(value);
  });

  it.each(SCHEMES)('leave a group of zeros as it is, and fit the others: %s', (scheme) => {
    const grid = { bits: 4, groupSize: 4, scheme } as const;
    const row = valuesFor(depth, 78).fill(0, 4, 8);
    const found = findScales(row, { ...grid, clip: 0.7 });
    const { codes } = encodeRows(row, found, grid);
    const fitted = fitScales(moments, row, codes, stepsOf(found, scheme), grid)!;
    expect(fitted.scales[1]).toBe(0);
    expect(fitted.scales[0]).not.toBe(found.scales[0]);
    expect(fitted.scales[2]).not.toBe(found.scales[2]);
  });
});
