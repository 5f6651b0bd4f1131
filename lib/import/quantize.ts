// Symmetric post-training quantization of weight matrices: w ~ scale * q, one scale per output
// channel or per group of its inputs.
import type { CodeBits } from './pack.js';

/**
 * The largest code of a group, as a share of its largest magnitude: 1 (`'max'`), a number above 0 up
 * to 1, or the one of least error.
 */
export type Clip = 'search' | 'max' | number;

/** The error that a search makes least: the sum of squares or of magnitudes. */
export type ClipError = 'mse' | 'l1';

export interface QuantizeOptions {
  readonly bits: CodeBits;
  /** Inputs that share a scale; must divide the depth. */
  readonly groupSize: number;
  readonly clip: Clip;
  /** Default `'mse'`. */
  readonly clipError?: ClipError;
  /** Weights for which one clip is searched, whole groups; default `groupSize`. */
  readonly clipSpan?: number;
}

/** Quantized rows, and what was lost in them. */
export interface QuantizedRows {
  /** [rows][depth] */
  readonly codes: Int8Array;
  /** [rows][depth / groupSize]; 0 only where every code of the group is 0. */
  readonly scales: Float32Array;
  /** Sum of w^2. */
  readonly signal: number;
  /** Sum of (w - scale * q)^2. */
  readonly noise: number;
}

// Ratios of the largest magnitude that are tried as the largest code: step 0.02, down to where the
// best ratio of a normal or Laplace distribution lies well inside.
const CLIP_GRID: Readonly<Record<CodeBits, readonly number[]>> = {
  8: [1],
  4: ratios(0.6),
  2: ratios(0.1),
};

const MIN_SCALE = 2 ** -126; // below it a float32 loses precision, and so would the codes

/**
 * Quantizes rows of a matrix, each group on its own:
 * `scale = float32(clip * max|w| / (2^(bits-1) - 1))`,
 * `q = clamp(floor(w / scale + 0.5), -2^(bits-1), 2^(bits-1) - 1)`, in float32 arithmetic with the
 * scale as it is stored: what quantization-aware training computes, so that its integers come back.
 *
 * @param weights - Finite values; a whole number of clip spans.
 */
export function quantizeRows(weights: Float32Array, options: QuantizeOptions): QuantizedRows {
  return encodeRows(weights, findScales(weights, options), options);
}

/** The scales of {@link quantizeRows}, [rows][depth / groupSize]. */
export function findScales(weights: Float32Array, options: QuantizeOptions): Float32Array {
  const { bits, groupSize, clip, clipError = 'mse', clipSpan = groupSize } = options;
  const high = largestCode(bits);
  const grid = clip === 'search' ? CLIP_GRID[bits] : [clip === 'max' ? 1 : clip];
  const unclipped = Float64Array.from({ length: weights.length / groupSize }, (_, g) => {
    return largestMagnitude(weights, g * groupSize, groupSize) / high;
  });
  const scales = new Float32Array(unclipped.length);
  const groups = clipSpan / groupSize;
  const squared = clipError === 'mse';
  for (let g = 0; g < scales.length; g += groups) {
    const span = weights.subarray(g * groupSize, g * groupSize + clipSpan);
    const steps = unclipped.subarray(g, g + groups);
    const ratio = grid.length === 1 ? grid[0]! : bestRatio(span, steps, { grid, high, squared });
    for (const [i, step] of steps.entries()) scales[g + i] = storedScale(step * ratio);
  }
  return scales;
}

/** The codes of {@link quantizeRows} for scales that were found otherwise. */
export function encodeRows(
  weights: Float32Array,
  scales: Float32Array,
  { bits, groupSize }: Pick<QuantizeOptions, 'bits' | 'groupSize'>,
): QuantizedRows {
  const codes = new Int8Array(weights.length);
  const high = largestCode(bits);
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < weights.length; ++i) {
    const w = weights[i]!;
    const scale = scales[Math.floor(i / groupSize)]!;
    const q = codeOf(w, scale, high);
    codes[i] = q;
    signal += w * w;
    noise += (w - scale * q) ** 2;
  }
  return { codes, scales, signal, noise };
}

/** The largest code of that many bits. */
export function largestCode(bits: CodeBits): number {
  return 2 ** (bits - 1) - 1;
}

/** The code nearest to `w`, halves up; 0 where the scale is 0. */
export function codeOf(w: number, scale: number, high: number): number {
  if (scale === 0) return 0;
  const nearest = Math.floor(Math.fround(Math.fround(w / scale) + 0.5));
  return Math.max(-high - 1, Math.min(high, nearest));
}

/** A scale as the file holds it; 0 for one too small to be precise. */
export function storedScale(scale: number): number {
  return scale < MIN_SCALE ? 0 : Math.fround(scale);
}

/** Signal-to-quantization-noise ratio in decibels; infinite where nothing was lost. */
export function sqnrDb(signal: number, noise: number): number {
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
}

// The first of equals wins, so that nothing is clipped without a gain.
function bestRatio(
  span: Float32Array,
  steps: Float64Array,
  search: { readonly grid: readonly number[]; readonly high: number; readonly squared: boolean },
): number {
  const { grid, high, squared } = search;
  const groupSize = span.length / steps.length;
  let best = grid[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const ratio of grid) {
    let error = 0;
    for (let g = 0; g < steps.length && error < least; ++g) {
      const group = span.subarray(g * groupSize, (g + 1) * groupSize);
      const scale = storedScale(steps[g]! * ratio);
      error += groupError(group, scale, { high, squared, limit: least - error });
    }
    if (error >= least) continue;
    least = error;
    best = ratio;
  }
  return best;
}

// Gives up once the error exceeds `limit`.
function groupError(
  group: Float32Array,
  scale: number,
  measure: { readonly high: number; readonly squared: boolean; readonly limit: number },
): number {
  const { high, squared, limit } = measure;
  let sum = 0;
  for (let i = 0; i < group.length; ++i) {
    const w = group[i]!;
    const error = w - scale * codeOf(w, scale, high);
    sum += squared ? error * error : Math.abs(error);
    if (sum > limit) return sum;
  }
  return sum;
}

function largestMagnitude(weights: Float32Array, begin: number, count: number): number {
  let largest = 0;
  for (let i = begin; i < begin + count; ++i) largest = Math.max(largest, Math.abs(weights[i]!));
  return largest;
}

function ratios(last: number): number[] {
  return Array.from({ length: Math.round((1 - last) / 0.02) + 1 }, (_, i) => 1 - 0.02 * i);
}
