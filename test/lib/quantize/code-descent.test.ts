// Codes moved one by one: it ends where no single code is better elsewhere.
import { describe, expect, it } from 'vitest';
import { largestCode, SCHEMES } from '../../../lib/import/code-format.js';
import { findScales, stepsOf } from '../../../lib/import/group-scales.js';
import { encodeRows } from '../../../lib/import/quantize.js';
import { descendCodes } from '../../../lib/quantize/code-descent.js';
import { makeFeedback, roundWithFeedback } from '../../../lib/quantize/error-feedback.js';
import { outputEnergy } from '../../../lib/quantize/second-moments.js';
import { valuesFor } from '../import/files.js';
import { decoded } from './decoded.js';
import { correlatedRows, damped, momentsOf } from './moments.js';

describe('codes moved one by one', () => {
  const depth = 12;
  const moments = momentsOf(correlatedRows(depth, 60, 3));
  const weighed = damped(moments);

  for (const bits of [2, 4, 8] as const) {
    it.each(SCHEMES)(`are best, each beside all others: ${bits} bits, %s`, async (scheme) => {
      const grid = { bits, groupSize: 4, scheme } as const;
      const high = largestCode(bits);
      const feedback = await makeFeedback(moments);
      const gained = { rounded: 0, fed: 0 };
      for (let seed = 0; seed < 20; ++seed) {
        const row = valuesFor(depth, 700 + seed);
        const found = findScales(row, { ...grid, clip: 'search' });
        const steps = stepsOf(found, scheme);
        const energy = (codes: Int8Array) => {
          const values = decoded(codes, steps, 4);
          return outputEnergy(
            weighed,
            Float64Array.from(row, (w, i) => w - values[i]!),
          );
        };
        const starts = {
          rounded: encodeRows(row, found, grid).codes,
          fed: roundWithFeedback(feedback, row, steps, high),
        };
        for (const start of ['rounded', 'fed'] as const) {
          const codes = starts[start].slice();
          descendCodes(moments, row, codes, steps, high);
          const least = energy(codes);
          gained[start] += 1 - least / energy(starts[start]);
          for (let i = 0; i < depth; ++i) {
            for (const other of [codes[i]! - 1, codes[i]! + 1]) {
              if (other < -high - 1 || other > high) continue;
              const changed = codes.map((q, k) => (k === i ? other : q));
              expect(energy(changed)).toBeGreaterThanOrEqual(least * (1 - 1e-6));
            }
          }
        }
      }
      expect(gained.rounded / 20).toBeGreaterThan(0.25);
      expect(gained.fed / 20).toBeGreaterThan(0.01);
    });
  }

  it('stay where a group stands for zeros', () => {
    const grid = { bits: 2, groupSize: 4, scheme: 'symmetric' } as const;
    const row = valuesFor(depth, 78).fill(0, 4, 8);
    const found = findScales(row, { ...grid, clip: 'search' });
    const { codes } = encodeRows(row, found, grid);
    descendCodes(moments, row, codes, stepsOf(found, 'symmetric'), 1);
    expect([...codes.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
  });
});
