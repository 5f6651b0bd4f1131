// Codes made better one by one, as in coordinate descent: where error feedback ends, single weights may
// still be moved to a neighbouring code that makes up better for the errors of all others.
import { codeOf, errorsOf, type Steps, weightOf } from '../import/steps.js';
import { dampingOf } from './error-feedback.js';
import { dot, type SecondMoments } from './second-moments.js';

const SWEEPS = 8; // over the row; it ends earlier where nothing moves any more

/**
 * Moves codes of one row, each to where the output energy of the row's errors is least while all other
 * codes stay, until none moves or after SWEEPS sweeps. The energy is that of damped moments, as for error
 * feedback.
 *
 * @param codes - Of the whole row; changed in place.
 * @param steps - One for each run of `row.length / steps.length` inputs.
 */
export function descendCodes(
  moments: SecondMoments,
  row: Float32Array,
  codes: Int8Array,
  steps: readonly Steps[],
  high: number,
): void {
  const { inputs: n, values } = moments;
  const damping = dampingOf(moments);
  const groupSize = n / steps.length;
  const errors = errorsOf(row, codes, steps);
  // How fast half the energy grows with each error.
  const slopes = errors.map((error, i) => dot(values, i * n, errors, 0, n) + damping * error);
  let moved = true;
  for (let sweep = 0; moved && sweep < SWEEPS; ++sweep) {
    moved = false;
    for (let i = 0; i < n; ++i) {
      const wanted = errors[i]! - slopes[i]! / (values[i * n + i]! + damping);
      const group = steps[Math.floor(i / groupSize)]!;
      const q = codeOf(row[i]! - wanted, group, high);
      if (q === codes[i]) continue;
      codes[i] = q;
      const change = row[i]! - weightOf(q, group) - errors[i]!;
      errors[i]! += change;
      for (let k = 0; k < n; ++k) slopes[k]! += change * values[i * n + k]!;
      slopes[i]! += change * damping;
      moved = true;
    }
  }
}
