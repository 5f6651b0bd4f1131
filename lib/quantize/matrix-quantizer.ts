// Quantizes one weight matrix by the chosen method, and measures what that does to it.
import type { ClipError } from '../import/clip-search.js';
import { type CodeGrid, largestCode } from '../import/code-format.js';
import { type Clip, findScales, stepsOf } from '../import/group-scales.js';
import { encodeRows, type QuantizedRows } from '../import/quantize.js';
import { rangeOf, type Steps, spreadSteps, weightOf } from '../import/steps.js';
import { type ErrorFeedback, makeFeedback, roundWithFeedback } from './error-feedback.js';
import { refineScales } from './half-quadratic.js';
import { outputEnergy, type SecondMoments } from './second-moments.js';

/**
 * How codes are found once the clip is: `round` to the nearest; `hqq` fits scales or zeros again by
 * half-quadratic splitting, then rounds; `gptq` rounds with error feedback, which needs calibration.
 */
export type Method = 'round' | 'hqq' | 'gptq';

/** Every method, the plainest first. */
export const METHODS: readonly Method[] = ['round', 'hqq', 'gptq'];

/** What holds for all rows of a matrix. */
export interface MatrixSettings {
  readonly method: Method;
  readonly clip: Clip;
  readonly clipError: ClipError;
  /** Whether a clip is searched for every scale or for a whole output channel. */
  readonly clipPer: 'group' | 'channel';
  /** Of the matrix's inputs; needed by `gptq`, and for {@link MatrixQuantizer.outputError}. */
  readonly moments: SecondMoments | undefined;
}

/** Quantizes the rows of one matrix, block by block, and sums up the errors. */
export class MatrixQuantizer {
  readonly #settings: MatrixSettings;
  readonly #depth: number;
  readonly #feedback: ErrorFeedback | undefined;
  readonly #clips = { sum: 0, count: 0 };
  readonly #output = { signal: 0, noise: 0 };

  private constructor(
    settings: MatrixSettings,
    depth: number,
    feedback: ErrorFeedback | undefined,
  ) {
    this.#settings = settings;
    this.#depth = depth;
    this.#feedback = feedback;
  }

  /** Prepares for a matrix of `depth` inputs; `gptq` factors their second moments here. */
  static async create(settings: MatrixSettings, depth: number): Promise<MatrixQuantizer> {
    const { method, moments } = settings;
    const feedback = method === 'gptq' && moments ? await makeFeedback(moments) : undefined;
    return new MatrixQuantizer(settings, depth, feedback);
  }

  /** Mean over all groups of the share of their range that the codes span; undefined before any. */
  get clip(): number | undefined {
    return this.#clips.count === 0 ? undefined : this.#clips.sum / this.#clips.count;
  }

  /**
   * Energy of the output's error by that of the output, on the calibration audio; undefined without
   * calibration, or where the output is zero.
   */
  get outputError(): number | undefined {
    const { signal, noise } = this.#output;
    return signal === 0 ? undefined : noise / signal;
  }

  /** Quantizes whole rows. */
  quantize(rows: Float32Array, grid: CodeGrid): QuantizedRows {
    const { method, clip, clipError, clipPer } = this.#settings;
    const clipSpan = clipPer === 'channel' ? this.#depth : grid.groupSize;
    const found = findScales(rows, { ...grid, clip, clipError, clipSpan });
    const scales = method === 'hqq' ? refineScales(rows, found, grid) : found;
    const quantized = encodeRows(rows, scales, grid);
    const steps = stepsOf(scales, grid.scheme);
    this.#countClips(rows, steps, grid);
    return this.#settings.moments ? this.#weigh(rows, quantized, steps, grid) : quantized;
  }

  // Takes the codes of error feedback where they make the output's error smaller, row by row.
  #weigh(
    rows: Float32Array,
    quantized: QuantizedRows,
    allSteps: readonly Steps[],
    { bits, groupSize }: CodeGrid,
  ): QuantizedRows {
    const moments = this.#settings.moments!;
    const depth = this.#depth;
    let noise = 0;
    for (let at = 0; at < rows.length; at += depth) {
      const row = rows.subarray(at, at + depth);
      const steps = allSteps.slice(at / groupSize, (at + depth) / groupSize);
      const codes = quantized.codes.subarray(at, at + depth);
      let errors = errorsOf(row, codes, steps);
      let energy = outputEnergy(moments, errors);
      if (this.#feedback) {
        const moved = roundWithFeedback(this.#feedback, row, steps, largestCode(bits));
        const movedErrors = errorsOf(row, moved, steps);
        const movedEnergy = outputEnergy(moments, movedErrors);
        if (movedEnergy < energy) {
          codes.set(moved);
          [errors, energy] = [movedErrors, movedEnergy];
        }
      }
      noise += errors.reduce((sum, error) => sum + error * error, 0);
      this.#output.noise += energy;
      this.#output.signal += outputEnergy(moments, Float64Array.from(row));
    }
    return { ...quantized, noise };
  }

  #countClips(rows: Float32Array, steps: readonly Steps[], grid: CodeGrid): void {
    const { groupSize } = grid;
    for (const [g, { scale }] of steps.entries()) {
      if (scale === 0) continue;
      const range = rangeOf(rows.subarray(g * groupSize, (g + 1) * groupSize));
      this.#clips.sum += scale / spreadSteps(range, 1, grid).scale;
      this.#clips.count++;
    }
  }
}

function errorsOf(row: Float32Array, codes: Int8Array, steps: readonly Steps[]): Float64Array {
  const groupSize = row.length / steps.length;
  const errors = new Float64Array(row.length);
  for (let i = 0; i < row.length; ++i) {
    errors[i] = row[i]! - weightOf(codes[i]!, steps[Math.floor(i / groupSize)]!);
  }
  return errors;
}
