// Searches how much of the range of weights their codes should span: clipping a few large weights can
// leave the others more precise.
import { type CodeGrid, largestCode } from './code-format.js';
import type { CodeBits } from './pack.js';
import { codeOf, type Steps, spreadSteps, type WeightRange, weightOf } from './steps.js';

/** The error that a search makes least: the sum of squares or of magnitudes. */
export type ClipError = 'mse' | 'l1';

// Shares of the range that are tried: step 0.02, down to where the best one of a normal or Laplace
// distribution lies well inside.
const RATIOS: Readonly<Record<CodeBits, readonly number[]>> = {
  8: [1],
  4: ratiosTo(0.6),
  2: ratiosTo(0.1),
};

/**
 * The share of their ranges that makes the least error over some groups. The first of equals wins, so
 * that nothing is clipped without a gain.
 */
export function searchClip(
  groups: readonly Float32Array[],
  ranges: readonly WeightRange[],
  grid: Pick<CodeGrid, 'bits' | 'scheme'>,
  error: ClipError,
): number {
  const ratios = RATIOS[grid.bits];
  const high = largestCode(grid.bits);
  let best = ratios[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const ratio of ratios.length === 1 ? [] : ratios) {
    let sum = 0;
    for (let g = 0; g < groups.length && sum < least; ++g) {
      const steps = spreadSteps(ranges[g]!, ratio, grid);
      sum += groupError(groups[g]!, steps, { high, error, limit: least - sum });
    }
    if (sum >= least) continue;
    least = sum;
    best = ratio;
  }
  return best;
}

// Gives up once the error exceeds `limit`.
function groupError(
  group: Float32Array,
  steps: Steps,
  measure: { readonly high: number; readonly error: ClipError; readonly limit: number },
): number {
  const { high, error, limit } = measure;
  const squared = error === 'mse';
  let sum = 0;
  for (let i = 0; i < group.length; ++i) {
    const w = group[i]!;
    const lost = w - weightOf(codeOf(w, steps, high), steps);
    sum += squared ? lost * lost : Math.abs(lost);
    if (sum > limit) return sum;
  }
  return sum;
}

function ratiosTo(last: number): number[] {
  return Array.from({ length: Math.round((1 - last) / 0.02) + 1 }, (_, i) => 1 - 0.02 * i);
}
