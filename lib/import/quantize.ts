// Symmetric post-training quantization of weight matrices: w ~ scale * q, one scale per output
// channel or per group of its inputs.
import type { CodeBits } from './pack.js';

/** How a group's scale is found: from its largest magnitude, or as the one of least squared error. */
export type Clip = 'search' | 'max';

export interface QuantizeOptions {
  readonly bits: CodeBits;
  /** Inputs that share a scale; must divide the depth. */
  readonly groupSize: number;
  readonly clip: Clip;
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
 * @param weights - Finite values; a whole number of groups.
 */
export function quantizeRows(weights: Float32Array, options: QuantizeOptions): QuantizedRows {
  const { bits, groupSize, clip } = options;
  const codes = new Int8Array(weights.length);
  const scales = new Float32Array(weights.length / groupSize);
  const grid = clip === 'max' ? [1] : CLIP_GRID[bits];
  const high = 2 ** (bits - 1) - 1;
  let signal = 0;
  let noise = 0;
  for (let g = 0; g < scales.length; ++g) {
    const group = weights.subarray(g * groupSize, (g + 1) * groupSize);
    let largest = 0;
    for (let i = 0; i < groupSize; ++i) {
      const w = group[i]!;
      signal += w * w;
      largest = Math.max(largest, Math.abs(w));
    }
    const scale = bestScale(group, largest / high, grid, high);
    scales[g] = scale;
    noise += encodeGroup(group, scale, high, codes.subarray(g * groupSize, (g + 1) * groupSize));
  }
  return { codes, scales, signal, noise };
}

/** Signal-to-quantization-noise ratio in decibels; infinite where nothing was lost. */
export function sqnrDb(signal: number, noise: number): number {
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
}

// The first of equals wins, so that no group is clipped without a gain.
function bestScale(
  group: Float32Array,
  unclipped: number,
  grid: readonly number[],
  high: number,
): number {
  let best = storedScale(unclipped);
  if (best === 0 || grid.length === 1) return best;
  let leastNoise = Number.POSITIVE_INFINITY;
  for (const ratio of grid) {
    const scale = storedScale(unclipped * ratio);
    if (scale === 0) break;
    const noise = groupNoise(group, scale, high, leastNoise);
    if (noise < leastNoise) {
      leastNoise = noise;
      best = scale;
    }
  }
  return best;
}

function storedScale(scale: number): number {
  return scale < MIN_SCALE ? 0 : Math.fround(scale);
}

// Squared error with this scale; gives up once it exceeds `limit`.
function groupNoise(group: Float32Array, scale: number, high: number, limit: number): number {
  let noise = 0;
  for (let i = 0; i < group.length; ++i) {
    const w = group[i]!;
    const error = w - scale * codeOf(w, scale, high);
    noise += error * error;
    if (noise > limit) return noise;
  }
  return noise;
}

function encodeGroup(group: Float32Array, scale: number, high: number, codes: Int8Array): number {
  let noise = 0;
  for (let i = 0; i < group.length; ++i) {
    const w = group[i]!;
    const q = scale === 0 ? 0 : codeOf(w, scale, high);
    codes[i] = q;
    const error = w - scale * q;
    noise += error * error;
  }
  return noise;
}

function codeOf(w: number, scale: number, high: number): number {
  const nearest = Math.floor(Math.fround(Math.fround(w / scale) + 0.5));
  return Math.max(-high - 1, Math.min(high, nearest));
}

function ratios(last: number): number[] {
  return Array.from({ length: Math.round((1 - last) / 0.02) + 1 }, (_, i) => 1 - 0.02 * i);
}
