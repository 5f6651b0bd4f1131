// The steps that a group of weights is rounded to: from weights to codes and back, in float32 and in
// the order of operations of training (training/parrotlet_training/model/rounding.py).
import { type CodeGrid, largestCode, type Scheme } from './code-format.js';

/** Steps of one group: a weight is `scale * q - zero`, and its code nearest to `w / scale + offset`. */
export interface Steps {
  /** Not negative; where it is 0, every code is 0. */
  readonly scale: number;
  readonly zero: number;
  /** `zero / scale`, 0 where the scale is. */
  readonly offset: number;
}

/** Least and largest weight of a group. */
export interface WeightRange {
  readonly least: number;
  readonly most: number;
}

const MIN_SCALE = 2 ** -126; // below it a float32 loses precision, and so would the codes
const NONE: Steps = { scale: 0, zero: 0, offset: 0 };

/**
 * Steps as a file holds them; `zero` counts in the scheme `affine` only.
 *
 * The offset is that of the stored numbers, so that these alone decide the codes.
 */
export function makeSteps(scheme: Scheme, scale: number, zero: number): Steps {
  if (scale === 0) return NONE;
  if (scheme === 'symmetric') return { scale, zero: 0, offset: 0 };
  if (scheme === 'midRise') return { scale, zero: Math.fround(-scale / 2), offset: -0.5 };
  return { scale, zero, offset: Math.fround(zero / scale) };
}

/**
 * Steps that spread the codes over a range of weights, of which the share `clip` is kept. In the
 * scheme `affine` its two edges are the outermost codes; in the others its larger magnitude is the
 * largest code, to which `midRise` adds a half.
 */
export function spreadSteps(
  { least, most }: WeightRange,
  clip: number,
  { bits, scheme }: Pick<CodeGrid, 'bits' | 'scheme'>,
): Steps {
  const high = largestCode(bits);
  const ratio = Math.fround(clip);
  const bottom = Math.fround(ratio * least);
  const top = Math.fround(ratio * most);
  if (scheme !== 'affine') {
    const largest = Math.max(-bottom, top);
    return makeSteps(scheme, storedScale(largest / (scheme === 'midRise' ? high + 0.5 : high)), 0);
  }
  const scale = storedScale(Math.fround(top - bottom) / (2 * high + 1));
  if (scale === 0) return NONE;
  const offset = Math.fround(-high - 1 - Math.fround(bottom / scale));
  return makeSteps(scheme, scale, Math.fround(scale * offset));
}

/** Least and largest weight. */
export function rangeOf(group: Float32Array): WeightRange {
  let [least, most] = [group[0]!, group[0]!];
  for (let i = 1; i < group.length; ++i) {
    const w = group[i]!;
    if (w < least) least = w;
    if (w > most) most = w;
  }
  return { least, most };
}

/** The code nearest to `w`, halves up. */
export function codeOf(w: number, { scale, offset }: Steps, high: number): number {
  if (scale === 0) return 0;
  const at = Math.fround(Math.fround(w / scale) + offset);
  const nearest = Math.floor(Math.fround(at + 0.5));
  return Math.max(-high - 1, Math.min(high, nearest));
}

/** The weight that a code stands for. */
export function weightOf(q: number, { scale, zero }: Steps): number {
  return Math.fround(Math.fround(scale * q) - zero);
}

/** What the codes leave of a row's weights; `steps` has one for each run of `row.length / steps.length`. */
export function errorsOf(
  row: Float32Array,
  codes: Int8Array,
  steps: readonly Steps[],
): Float64Array {
  const groupSize = row.length / steps.length;
  const errors = new Float64Array(row.length);
  for (let i = 0; i < row.length; ++i) {
    errors[i] = row[i]! - weightOf(codes[i]!, steps[Math.floor(i / groupSize)]!);
  }
  return errors;
}

/** A scale as the file holds it; 0 for one too small to be precise. */
export function storedScale(scale: number): number {
  const stored = Math.fround(scale);
  return stored < MIN_SCALE ? 0 : stored;
}
