// Post-training quantization of weight matrices: rows of floats in, codes and scales out, by the
// definition that quantization-aware training follows too.
import { type CodeGrid, largestCode } from './code-format.js';
import { findScales, type GroupScales, type ScaleOptions, stepsOf } from './group-scales.js';
import { codeOf, weightOf } from './steps.js';

/** Quantized rows, and what was lost in them. */
export interface QuantizedRows extends GroupScales {
  /** [rows][depth] */
  readonly codes: Int8Array;
  /** Sum of w^2. */
  readonly signal: number;
  /** Sum of (w - (scale * q - zero))^2. */
  readonly noise: number;
}

/**
 * Quantizes rows of a matrix, each group on its own:
 * `q = clamp(floor(w / scale + offset + 0.5), -2^(bits-1), 2^(bits-1) - 1)`, with scale and offset of
 * `spreadSteps`, in float32 arithmetic with the scale and zero as they are stored: what
 * quantization-aware training computes, so that its integers come back.
 *
 * @param weights - Finite values; a whole number of clip spans.
 */
export function quantizeRows(weights: Float32Array, options: ScaleOptions): QuantizedRows {
  return encodeRows(weights, findScales(weights, options), options);
}

/** The codes of {@link quantizeRows} for scales that were found otherwise. */
export function encodeRows(
  weights: Float32Array,
  found: GroupScales,
  { bits, groupSize, scheme }: CodeGrid,
): QuantizedRows {
  const codes = new Int8Array(weights.length);
  const high = largestCode(bits);
  let signal = 0;
  let noise = 0;
  for (const [g, steps] of stepsOf(found, scheme).entries()) {
    for (let i = g * groupSize; i < (g + 1) * groupSize; ++i) {
      const w = weights[i]!;
      const q = codeOf(w, steps, high);
      codes[i] = q;
      signal += w * w;
      noise += (w - weightOf(q, steps)) ** 2;
    }
  }
  return { ...found, codes, signal, noise };
}

/** Signal-to-quantization-noise ratio in decibels; infinite where nothing was lost. */
export function sqnrDb(signal: number, noise: number): number {
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
}
