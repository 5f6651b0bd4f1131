// What codes stand for, for tests of those who choose them.
import { type Steps, weightOf } from '../../../lib/import/steps.js';

/** The weights that codes stand for. */
export function decoded(
  codes: ArrayLike<number>,
  steps: readonly Steps[],
  groupSize: number,
): Float32Array {
  return Float32Array.from(codes, (q, i) => weightOf(q, steps[Math.floor(i / groupSize)]!));
}
