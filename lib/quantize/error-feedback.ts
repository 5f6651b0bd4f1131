// Codes by error feedback, as in GPTQ: weights are rounded one after the other, and each makes up for
// the errors before it as far as their inputs go together in the calibration audio.
import { setImmediate } from 'node:timers/promises';
import { codeOf, type Steps, weightOf } from '../import/steps.js';
import { dot, type SecondMoments } from './second-moments.js';

/** Share of the mean square of an input that is added to each: steadies what little audio says. */
const DAMPING = 0.01;

const COLUMNS_AT_ONCE = 32; // factored between two looks at other work of the process

/**
 * How the errors of earlier weights of a row move later ones.
 *
 * With H the damped second moments, its inputs ordered by falling mean square, and H = M M^T for an
 * upper triangular M, a row's error d makes the output energy |d M|^2. Its term j is smallest where
 * d_j = -sum_{k<j} d_k M_kj / M_jj, so that is what weight j is moved by before it is rounded.
 */
export interface ErrorFeedback {
  /** The order in which inputs are rounded. */
  readonly order: Int32Array;
  /** [inputs][inputs]: row j, column k < j is M_kj / M_jj. */
  readonly shares: Float64Array;
}

/**
 * Prepares the feedback for a matrix of these inputs.
 *
 * @param moments - Of at least one row that is not zero.
 */
export async function makeFeedback(moments: SecondMoments): Promise<ErrorFeedback> {
  const { inputs: n } = moments;
  const order = byFallingSquare(moments);
  const factor = dampedAndOrdered(moments, order);
  for (let j = n - 1; j >= 0; --j) {
    const pivot = Math.sqrt(factor[j * n + j]! - tailDot(factor, j, j, n));
    factor[j * n + j] = pivot;
    for (let i = 0; i < j; ++i) {
      factor[i * n + j] = (factor[i * n + j]! - tailDot(factor, i, j, n)) / pivot;
    }
    if (j % COLUMNS_AT_ONCE === 0) await setImmediate();
  }
  const shares = new Float64Array(n * n);
  for (let j = 0; j < n; ++j) {
    for (let k = 0; k < j; ++k) shares[j * n + k] = factor[k * n + j]! / factor[j * n + j]!;
  }
  return { order, shares };
}

/**
 * Rounds one row with feedback.
 *
 * @param steps - One for each run of `row.length / steps.length` inputs.
 */
export function roundWithFeedback(
  { order, shares }: ErrorFeedback,
  row: Float32Array,
  steps: readonly Steps[],
  high: number,
): Int8Array {
  const n = row.length;
  const groupSize = n / steps.length;
  const codes = new Int8Array(n);
  const errors = new Float64Array(n);
  for (let j = 0; j < n; ++j) {
    const i = order[j]!;
    const group = steps[Math.floor(i / groupSize)]!;
    const moved = row[i]! + dot(shares, j * n, errors, 0, j);
    const q = codeOf(moved, group, high);
    codes[i] = q;
    errors[j] = row[i]! - weightOf(q, group);
  }
  return codes;
}

/** What is added to the mean square of every input. */
export function dampingOf({ inputs, values }: Pick<SecondMoments, 'inputs' | 'values'>): number {
  let trace = 0;
  for (let i = 0; i < inputs; ++i) trace += values[i * inputs + i]!;
  return (DAMPING * trace) / inputs;
}

function byFallingSquare({ inputs, values }: SecondMoments): Int32Array {
  const square = (i: number) => values[i * inputs + i]!;
  return Int32Array.from({ length: inputs }, (_, i) => i).sort((a, b) => square(b) - square(a));
}

function dampedAndOrdered({ inputs: n, values }: SecondMoments, order: Int32Array): Float64Array {
  const damping = dampingOf({ inputs: n, values });
  const ordered = new Float64Array(n * n);
  for (let i = 0; i < n; ++i) {
    for (let j = 0; j < n; ++j) ordered[i * n + j] = values[order[i]! * n + order[j]!]!;
    ordered[i * n + i]! += damping;
  }
  return ordered;
}

// The products of rows i and j to the right of column j.
function tailDot(factor: Float64Array, i: number, j: number, n: number): number {
  return dot(factor, i * n + j + 1, factor, j * n + j + 1, n - j - 1);
}
