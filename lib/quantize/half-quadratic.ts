// Scales by half-quadratic splitting: as in HQQ, the error is split into a few large values, which a
// proximal step of an lp norm sets aside, and the rest, which the scale is fitted to. Here p is 1/2,
// below 1 as in HQQ so that outliers are forgiven, and a root is cheap.
import { codeOf, largestCode, type QuantizeOptions, storedScale } from '../import/quantize.js';

// The weight of the split, in units of a code, grows with every turn: at first only errors beyond a
// third of a code are set aside, at last most are, and the scale comes to rest.
const FIRST_WEIGHT = 3;
const GROWTH = 1.05;
const TURNS = 40;

/**
 * Improves scales that were found before, group by group; a group keeps its scale where no other has
 * a smaller sum of |w - scale * q|^(1/2).
 *
 * @param scales - [weights.length / groupSize].
 */
export function refineScales(
  weights: Float32Array,
  scales: Float32Array,
  { bits, groupSize }: Pick<QuantizeOptions, 'bits' | 'groupSize'>,
): Float32Array {
  const high = largestCode(bits);
  return scales.map((scale, g) => {
    return refined(weights.subarray(g * groupSize, (g + 1) * groupSize), scale, high);
  });
}

/** The sum that {@link refineScales} makes smaller, for one group. */
export function lpError(group: Float32Array, scale: number, high: number): number {
  let sum = 0;
  for (let i = 0; i < group.length; ++i) {
    const w = group[i]!;
    sum += Math.sqrt(Math.abs(w - scale * codeOf(w, scale, high)));
  }
  return sum;
}

function refined(group: Float32Array, start: number, high: number): number {
  if (start === 0) return 0;
  let [scale, best] = [start, start];
  let least = lpError(group, start, high);
  for (let turn = 0, weight = FIRST_WEIGHT; turn < TURNS; ++turn, weight *= GROWTH) {
    scale = fitted(group, scale, { high, weight });
    if (scale === 0) break;
    const error = lpError(group, scale, high);
    if (error >= least) continue;
    least = error;
    best = scale;
  }
  return best;
}

// The scale of least squares for the codes of the last one, without what is set aside of each error.
function fitted(
  group: Float32Array,
  scale: number,
  { high, weight }: { readonly high: number; readonly weight: number },
): number {
  let [dot, square] = [0, 0];
  for (let i = 0; i < group.length; ++i) {
    const w = group[i]!;
    const q = codeOf(w, scale, high);
    dot += (w - scale * shrunk(w / scale - q, weight)) * q;
    square += q * q;
  }
  return dot > 0 ? storedScale(dot / square) : 0;
}

// The proximal operator of |x|^(1/2), as generalized soft thresholding.
function shrunk(x: number, weight: number): number {
  const size = Math.abs(x);
  return size === 0 ? 0 : Math.sign(x) * Math.max(0, size - 1 / (weight * Math.sqrt(size)));
}
