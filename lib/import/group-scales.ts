// The scales of a matrix, and its zeros where the scheme has them: one for each group of inputs.
import { type ClipError, searchClip } from './clip-search.js';
import { type CodeGrid, companionsOf, type Scheme } from './code-format.js';
import { roundToHalf } from './float-formats.js';
import { makeSteps, rangeOf, type Steps, spreadSteps } from './steps.js';

/** How much of a group's range its codes span: 1 (`'max'`), a share up to 1, or that of least error. */
export type Clip = 'search' | 'max' | number;

const LEAST_HALF = 2 ** -24;

/** Scales and zeros as the file holds them, [rows][depth / groupSize]. */
export interface GroupScales {
  /** 0 only where every code of the group is 0. */
  readonly scales: Float32Array;
  /** 0 where the scale is; undefined for schemes that store none. */
  readonly zeros: Float32Array | undefined;
}

export interface ScaleOptions extends CodeGrid {
  readonly clip: Clip;
  /** Default `'mse'`. */
  readonly clipError?: ClipError;
  /** Weights for which one clip is searched, whole groups; default `groupSize`. */
  readonly clipSpan?: number;
}

/**
 * Scales and zeros for rows of weights.
 *
 * @param weights - Finite values; a whole number of clip spans.
 */
export function findScales(weights: Float32Array, options: ScaleOptions): GroupScales {
  const { groupSize, clip, clipError = 'mse', clipSpan = groupSize } = options;
  const groups = Array.from({ length: weights.length / groupSize }, (_, g) => {
    return weights.subarray(g * groupSize, (g + 1) * groupSize);
  });
  const ranges = groups.map(rangeOf);
  const together = clipSpan / groupSize;
  let ratio = clip === 'search' || clip === 'max' ? 1 : clip;
  return gatherScales(groups.length, options, (g) => {
    if (clip === 'search' && g % together === 0) {
      const end = g + together;
      ratio = searchClip(groups.slice(g, end), ranges.slice(g, end), options, clipError);
    }
    return spreadSteps(ranges[g]!, ratio, options);
  });
}

/** The steps of `count` groups, asked for in order, as a file holds them: rounded to its floats. */
export function gatherScales(
  count: number,
  { scheme, floats }: Pick<CodeGrid, 'scheme' | 'floats'>,
  stepsOf: (group: number) => Steps,
): GroupScales {
  const rounded = (value: number) => (floats === 'float16' ? roundToHalf(value) : value);
  // None becomes 0 by it: codes would be left that stand for nothing.
  const least = floats === 'float16' ? LEAST_HALF : 0;
  const scales = new Float32Array(count);
  const zeros = companionsOf(scheme).includes('zero') ? new Float32Array(count) : undefined;
  for (let g = 0; g < count; ++g) {
    const { scale, zero } = stepsOf(g);
    scales[g] = scale === 0 ? 0 : Math.max(least, rounded(scale));
    if (zeros) zeros[g] = scales[g] === 0 ? 0 : rounded(zero);
  }
  return { scales, zeros };
}

/** The steps of every group, in order. */
export function stepsOf({ scales, zeros }: GroupScales, scheme: Scheme): Steps[] {
  return Array.from(scales, (scale, g) => makeSteps(scheme, scale, zeros?.[g] ?? 0));
}

/** Some of the groups. */
export function sliceScales({ scales, zeros }: GroupScales, begin: number, end: number) {
  return { scales: scales.subarray(begin, end), zeros: zeros?.subarray(begin, end) };
}
