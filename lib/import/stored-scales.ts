// Scales that a checkpoint holds beside a weight matrix: those its training used, to be stored and never
// found again.
import { ParrotletError } from '../errors.js';
import { type CodeGrid, companionsOf, type FloatStorage } from './code-format.js';
import { roundToHalf } from './float-formats.js';
import type { GroupScales } from './group-scales.js';

/** What is asked of a checkpoint's tensors. */
interface Tensors {
  shapeOf(name: string): readonly number[] | undefined;
  load(name: string): Promise<Float32Array>;
}

/** `<tensor>.scale` and `<tensor>.zero`, of one tensor or of several laid one under the other. */
export class StoredScales {
  readonly #checkpoint: Tensors;
  readonly #tensors: readonly string[];
  readonly #shape: readonly [outputs: number, inputs: number];

  /** @param tensors - The checkpoint's names of the parts of a matrix of this shape. */
  constructor(
    checkpoint: Tensors,
    tensors: readonly string[],
    shape: readonly [outputs: number, inputs: number],
  ) {
    this.#checkpoint = checkpoint;
    this.#tensors = tensors;
    this.#shape = shape;
  }

  /** Names of all that is stored, zeros included. */
  get names(): readonly string[] {
    return this.#tensors
      .flatMap((tensor) => [`${tensor}.scale`, `${tensor}.zero`])
      .filter((name) => this.#checkpoint.shapeOf(name) !== undefined);
  }

  /**
   * Reads and checks them.
   *
   * @throws ParrotletError `MODEL_SHAPE` where one is missing, or is of another grid;
   *   `MODEL_MALFORMED` for values that no file may hold; `IO_ERROR`.
   */
  async load(grid: CodeGrid): Promise<GroupScales> {
    const hasZeros = companionsOf(grid.scheme).includes('zero');
    const unwanted = hasZeros ? undefined : this.names.find((name) => name.endsWith('.zero'));
    if (unwanted !== undefined) {
      throw new ParrotletError(
        'MODEL_SHAPE',
        `The checkpoint holds "${unwanted}", so the matrix was trained in the scheme affine, not ` +
          `${grid.scheme}. Set the scheme that it was trained in.`,
      );
    }
    const [outputs, inputs] = this.#shape;
    const shape = [outputs / this.#tensors.length, inputs / grid.groupSize] as const;
    const count = (outputs * inputs) / grid.groupSize;
    const scales = new Float32Array(count);
    const read = (name: string) => this.#read(name, shape, grid.floats);
    const zeros = hasZeros ? new Float32Array(count) : undefined;
    for (const [i, tensor] of this.#tensors.entries()) {
      const at = i * shape[0] * shape[1];
      scales.set(expectScales(`${tensor}.scale`, await read(`${tensor}.scale`)), at);
      if (!zeros) continue;
      const found = await read(`${tensor}.zero`);
      zeros.set(expectZeros(`${tensor}.zero`, found, scales.subarray(at)), at);
    }
    return { scales, zeros };
  }

  async #read(
    name: string,
    shape: readonly number[],
    floats: FloatStorage | undefined,
  ): Promise<Float32Array> {
    const found = this.#checkpoint.shapeOf(name);
    if (found?.join() === shape.join()) {
      const values = await this.#checkpoint.load(name);
      return floats === 'float16' ? expectHalves(name, values) : values;
    }
    throw new ParrotletError(
      'MODEL_SHAPE',
      `Stored scales need the checkpoint's tensor "${name}" in the shape [${shape.join(', ')}] ` +
        `(outputs, groups of inputs), ${found ? `not [${found.join(', ')}]` : 'but there is none'}. ` +
        'Set the group size and scheme that it was trained in, or another clip than "stored".',
    );
  }
}

function expectScales(name: string, scales: Float32Array): Float32Array {
  const negative = scales.find((scale) => scale < 0 || Object.is(scale, -0));
  if (negative !== undefined) throw badValue(name, `the negative number ${negative}`);
  return scales;
}

function expectZeros(name: string, zeros: Float32Array, scales: Float32Array): Float32Array {
  const left = zeros.find((zero, i) => zero !== 0 && scales[i] === 0);
  if (left !== undefined) throw badValue(name, `${left} where the scale is 0`);
  return zeros;
}

// Rounding now would find other codes than training did.
function expectHalves(name: string, values: Float32Array): Float32Array {
  const between = values.find((value) => roundToHalf(value) !== value);
  if (between === undefined) return values;
  throw new ParrotletError(
    'MODEL_UNSUPPORTED',
    `The checkpoint's tensor "${name}" holds ${between}, which no float16 is: it was not trained ` +
      'with floats of float16. Store the floats in float32.',
  );
}

function badValue(name: string, value: string): ParrotletError {
  return new ParrotletError(
    'MODEL_MALFORMED',
    `The checkpoint's tensor "${name}" holds ${value}. The checkpoint is damaged.`,
  );
}
