// Sharing a budget out: never beyond it, nothing left that would fit, and the best in simple cases.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Holding, shareOut } from '../../../lib/quantize/budget.js';

type Matrices = readonly (readonly Holding[])[];

const holdings = fc
  .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 100 }))
  .map(([size, error]): Holding[] => [
    { bytes: 2 * size, error: 16 * error },
    { bytes: 4 * size, error },
    { bytes: 8 * size, error: error / 256 },
  ]);

function total(matrices: Matrices, chosen: readonly number[], key: keyof Holding): number {
  return chosen.reduce((sum, to, i) => sum + matrices[i]![to]![key], 0);
}

function shared(matrices: Matrices, budget: number): number[] | undefined {
  return shareOut(matrices, (chosen) => total(matrices, chosen, 'bytes') <= budget);
}

it('never exceeds the budget, and leaves nothing that would fit', () => {
  fc.assert(
    fc.property(
      fc.array(holdings, { minLength: 1, maxLength: 6 }),
      fc.nat(2000),
      (matrices, budget) => {
        const chosen = shared(matrices, budget);
        const least = total(
          matrices,
          matrices.map(() => 0),
          'bytes',
        );
        if (!chosen) {
          expect(least).toBeGreaterThan(budget);
          return;
        }
        const bytes = total(matrices, chosen, 'bytes');
        expect(bytes).toBeLessThanOrEqual(budget);
        for (const [i, to] of chosen.entries()) {
          const next = matrices[i]![to + 1];
          if (next) expect(bytes + next.bytes - matrices[i]![to]!.bytes).toBeGreaterThan(budget);
        }
      },
    ),
  );
});

it('finds the best plan where matrices are of one size', () => {
  const one = fc.integer({ min: 1, max: 1000 }).map((error): Holding[] => [
    { bytes: 2, error: 16 * error },
    { bytes: 4, error },
    { bytes: 6, error: error / 256 },
  ]);
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), fc.nat(15), (matrices, half) => {
      const budget = 2 * half;
      const chosen = shared(matrices, budget);
      let least = Number.POSITIVE_INFINITY;
      for (let all = 0; all < 3 ** matrices.length; ++all) {
        const plan = matrices.map((_, i) => Math.floor(all / 3 ** i) % 3);
        if (total(matrices, plan, 'bytes') > budget) continue;
        least = Math.min(least, total(matrices, plan, 'error'));
      }
      if (chosen) expect(total(matrices, chosen, 'error')).toBeCloseTo(least, 6);
      else expect(least).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

it('spends nothing where nothing is gained', () => {
  const flat = [0, 1, 2].map((i) => ({ bytes: 1 + i, error: 5 }));
  expect(shared([flat, flat], 100)).toEqual([0, 0]);
});

it('leaves matrices alone that have one holding', () => {
  expect(shared([[{ bytes: 10, error: 0 }]], 10)).toEqual([0]);
  expect(shared([[{ bytes: 10, error: 0 }]], 9)).toBeUndefined();
});
