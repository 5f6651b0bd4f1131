// Quantizes one weight matrix by the chosen method, and measures what that does to it.
import type { ClipError } from '../import/clip-search.js';
import { type CodeGrid, largestCode } from '../import/code-format.js';
import {
  type Clip,
  findScales,
  type GroupScales,
  sliceScales,
  stepsOf,
} from '../import/group-scales.js';
import { encodeRows, type QuantizedRows } from '../import/quantize.js';
import { errorsOf, rangeOf, type Steps, spreadSteps } from '../import/steps.js';
import { descendCodes } from './code-descent.js';
import { type ErrorFeedback, makeFeedback, roundWithFeedback } from './error-feedback.js';
import { refineScales } from './half-quadratic.js';
import { fitScales } from './scale-fit.js';
import { outputEnergy, type SecondMoments } from './second-moments.js';

/**
 * How codes are found once the clip is: `round` to the nearest; `hqq` fits scales or zeros again by
 * half-quadratic splitting, then rounds; `gptq` rounds with error feedback; `gptq-fit` goes on from there
 * by moving single codes and fitting scales and zeros to them, in turn. The last two need calibration.
 */
export type Method = 'round' | 'hqq' | 'gptq' | 'gptq-fit';

/** Every method, the plainest first. */
export const METHODS: readonly Method[] = ['round', 'hqq', 'gptq', 'gptq-fit'];

/** Whether the method needs the second moments of a matrix's inputs. */
export function needsCalibration(method: Method): boolean {
  return method === 'gptq' || method === 'gptq-fit';
}

/** What holds for all rows of a matrix. */
export interface MatrixSettings {
  readonly method: Method;
  readonly clip: Clip;
  readonly clipError: ClipError;
  /** Whether a clip is searched for every scale or for a whole output channel. */
  readonly clipPer: 'group' | 'channel';
  /** Of the matrix's inputs; needed by some methods, and for {@link MatrixQuantizer.outputError}. */
  readonly moments: SecondMoments | undefined;
}

/** One way of holding a row, and what it does to the row's output. */
interface Weighed {
  readonly codes: Int8Array;
  readonly scales: GroupScales;
  readonly errors: Float64Array;
  readonly energy: number;
}

type Quantized = { -readonly [K in keyof QuantizedRows]: QuantizedRows[K] };

// Codes and scales made better in turn: a turn after these takes less than a hundredth off the error.
const TURNS = 3;

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

  /** Prepares for a matrix of `depth` inputs; error feedback factors their second moments here. */
  static async create(settings: MatrixSettings, depth: number): Promise<MatrixQuantizer> {
    const { method, moments } = settings;
    const feedback = needsCalibration(method) && moments ? await makeFeedback(moments) : undefined;
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
    if (this.#settings.moments) this.#weigh(rows, quantized, grid);
    this.#countClips(rows, stepsOf(quantized, grid.scheme), grid);
    return quantized;
  }

  // Takes what error feedback finds where it makes the output's error smaller, row by row.
  #weigh(rows: Float32Array, quantized: Quantized, grid: CodeGrid): void {
    const moments = this.#settings.moments!;
    const depth = this.#depth;
    const groups = depth / grid.groupSize;
    quantized.noise = 0;
    for (let r = 0; r < rows.length / depth; ++r) {
      const row = rows.subarray(r * depth, (r + 1) * depth);
      const held = sliceScales(quantized, r * groups, (r + 1) * groups);
      const codes = quantized.codes.subarray(r * depth, (r + 1) * depth);
      let best = this.#weighed(row, codes, held, grid);
      if (this.#feedback) best = this.#fedBack(this.#feedback, row, best, grid);
      codes.set(best.codes);
      held.scales.set(best.scales.scales);
      held.zeros?.set(best.scales.zeros!);
      quantized.noise += best.errors.reduce((sum, error) => sum + error * error, 0);
      this.#output.noise += best.energy;
      this.#output.signal += outputEnergy(moments, Float64Array.from(row));
    }
  }

  #fedBack(feedback: ErrorFeedback, row: Float32Array, start: Weighed, grid: CodeGrid): Weighed {
    const steps = stepsOf(start.scales, grid.scheme);
    const codes = roundWithFeedback(feedback, row, steps, largestCode(grid.bits));
    const fed = this.#weighed(row, codes, start.scales, grid);
    const found = this.#settings.method === 'gptq-fit' ? this.#fitted(row, fed, grid) : fed;
    return found.energy < start.energy ? found : start;
  }

  // Codes and scales made better in turn. Codes have the last word, for scales as the file holds them.
  #fitted(row: Float32Array, start: Weighed, grid: CodeGrid): Weighed {
    const moments = this.#settings.moments!;
    let { codes, scales } = start;
    let best = start;
    for (let turn = 0; turn < TURNS; ++turn) {
      const steps = stepsOf(scales, grid.scheme);
      codes = codes.slice();
      descendCodes(moments, row, codes, steps, largestCode(grid.bits));
      const found = this.#weighed(row, codes, scales, grid);
      if (found.energy < best.energy) best = found;
      const fitted = turn + 1 < TURNS && fitScales(moments, row, codes, steps, grid);
      if (!fitted) break;
      scales = fitted;
    }
    return best;
  }

  #weighed(row: Float32Array, codes: Int8Array, scales: GroupScales, grid: CodeGrid): Weighed {
    const errors = errorsOf(row, codes, stepsOf(scales, grid.scheme));
    return { codes, scales, errors, energy: outputEnergy(this.#settings.moments!, errors) };
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
