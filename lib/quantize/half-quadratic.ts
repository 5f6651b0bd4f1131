// Scales and zeros by half-quadratic splitting: as in HQQ, the error is split into a few large values,
// which a proximal step of an lp norm sets aside, and the rest, which the steps are fitted to. Here p is
// 1/2, below 1 as in HQQ so that outliers are forgiven, and a root is cheap.
import { type CodeGrid, largestCode, type Scheme } from '../import/code-format.js';
import { type GroupScales, gatherScales, stepsOf } from '../import/group-scales.js';
import { codeOf, makeSteps, type Steps, storedScale, weightOf } from '../import/steps.js';

// The weight of the split, in units of a code, grows with every turn: at first only errors beyond a
// third of a code are set aside, at last most are, and the steps come to rest.
const FIRST_WEIGHT = 3;
const GROWTH = 1.05;
const TURNS = 40;

/**
 * Improves steps that were found before, group by group: the zero in the scheme `affine`, as HQQ does,
 * the scale in the others. A group keeps its steps where no others have a smaller sum of
 * |w - (scale * q - zero)|^(1/2).
 *
 * @param found - Of all groups of `weights`.
 */
export function refineScales(
  weights: Float32Array,
  found: GroupScales,
  grid: CodeGrid,
): GroupScales {
  const { bits, groupSize, scheme } = grid;
  const high = largestCode(bits);
  const starts = stepsOf(found, scheme);
  return gatherScales(starts.length, grid, (g) => {
    const group = weights.subarray(g * groupSize, (g + 1) * groupSize);
    return refined(group, starts[g]!, { scheme, high });
  });
}

/** The sum that {@link refineScales} makes smaller, for one group. */
export function lpError(group: Float32Array, steps: Steps, high: number): number {
  let sum = 0;
  for (let i = 0; i < group.length; ++i) {
    const w = group[i]!;
    sum += Math.sqrt(Math.abs(w - weightOf(codeOf(w, steps, high), steps)));
  }
  return sum;
}

function refined(
  group: Float32Array,
  start: Steps,
  { scheme, high }: { readonly scheme: Scheme; readonly high: number },
): Steps {
  if (start.scale === 0) return start;
  const fit = scheme === 'affine' ? fitZero : fitScale;
  let [steps, best] = [start, start];
  let least = lpError(group, start, high);
  for (let turn = 0, weight = FIRST_WEIGHT; turn < TURNS; ++turn, weight *= GROWTH) {
    const fitted = fit(group, steps, { high, weight });
    steps = makeSteps(scheme, fitted.scale, fitted.zero);
    if (steps.scale === 0) break;
    const error = lpError(group, steps, high);
    if (error >= least) continue;
    least = error;
    best = steps;
  }
  return best;
}

type Fitted = Pick<Steps, 'scale' | 'zero'>;
interface FitOptions {
  readonly high: number;
  readonly weight: number;
}

// The scale of least squares for the codes of the last steps, without what is set aside of each error.
function fitScale(group: Float32Array, steps: Steps, { high, weight }: FitOptions): Fitted {
  const { scale, offset } = steps;
  let [dot, square] = [0, 0];
  for (let i = 0; i < group.length; ++i) {
    const w = group[i]!;
    const level = codeOf(w, steps, high) - offset;
    dot += (w - scale * shrunk(w / scale - level, weight)) * level;
    square += level * level;
  }
  return { scale: dot > 0 ? storedScale(dot / square) : 0, zero: 0 };
}

// The zero of least squares likewise; the scale stays.
function fitZero(group: Float32Array, steps: Steps, { high, weight }: FitOptions): Fitted {
  const { scale, offset } = steps;
  let sum = 0;
  for (let i = 0; i < group.length; ++i) {
    const at = group[i]! / scale;
    const q = codeOf(group[i]!, steps, high);
    sum += q - at + shrunk(at + offset - q, weight);
  }
  return { scale, zero: Math.fround((scale * sum) / group.length) };
}

// The proximal operator of |x|^(1/2), as generalized soft thresholding.
function shrunk(x: number, weight: number): number {
  const size = Math.abs(x);
  return size === 0 ? 0 : Math.sign(x) * Math.max(0, size - 1 / (weight * Math.sqrt(size)));
}
