// A tensor of a model being imported, and how tensors of a checkpoint are brought into the model
// file's shapes.
import { ParrotletError } from '../errors.js';
import { StoredScales } from './stored-scales.js';

/** A tensor in the model file's name and shape, read when asked for. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether it is a weight matrix, [outputs, inputs], that the plan may quantize. */
  readonly quantizable: boolean;
  /** Where the checkpoint may hold scales of its own; undefined where it has no place for them. */
  readonly stored?: StoredScales;
  /** Values in row-major order; every call reads them again. */
  load(): Promise<Float32Array>;
}

/** Where a checkpoint's tensors are looked up and read. */
export interface CheckpointTensors {
  /** The shape of a tensor, or undefined where there is none of that name. */
  shapeOf(name: string): readonly number[] | undefined;
  load(name: string): Promise<Float32Array>;
}

/** Gathers tensors of a checkpoint under the model file's names, checking every shape. */
export class TensorMapper {
  readonly #checkpoint: CheckpointTensors;
  readonly #sources: TensorSource[] = [];
  readonly #taken = new Set<string>();

  constructor(checkpoint: CheckpointTensors) {
    this.#checkpoint = checkpoint;
  }

  /** What was gathered, in order. */
  get sources(): readonly TensorSource[] {
    return this.#sources;
  }

  /** The checkpoint's names that were used, scales beside matrices included. */
  get taken(): ReadonlySet<string> {
    return this.#taken;
  }

  /** A norm's weight, a bias or another small tensor that stays float32. */
  float(name: string, from: string, shape: readonly number[]): void {
    this.#expect(from, shape);
    this.#sources.push({
      ...{ name, shape, quantizable: false },
      load: () => this.#checkpoint.load(from),
    });
  }

  /** Matrices of the same inputs, [outputs, inputs] each, laid one under the other. */
  matrix(name: string, from: string | readonly string[], shape: readonly [number, number]): void {
    const names = typeof from === 'string' ? [from] : from;
    const [rows, depth] = shape;
    for (const one of names) this.#expect(one, [rows / names.length, depth]);
    this.#addMatrix(name, names, shape, async () => {
      if (names.length === 1) return this.#checkpoint.load(names[0]!);
      const all = new Float32Array(rows * depth);
      for (const [i, one] of names.entries()) {
        all.set(await this.#checkpoint.load(one), (i * rows * depth) / names.length);
      }
      return all;
    });
  }

  /** A strided convolution, [outputs, inputs, kernel], as the matrix [outputs, kernel * inputs]. */
  convolution(
    name: string,
    from: string,
    shape: readonly [outputs: number, inputs: number, kernel: number],
    quantizable: boolean,
  ): void {
    const [outputs, inputs, kernel] = shape;
    this.#expect(from, shape);
    const flat = [outputs, kernel * inputs] as const;
    const load = async () => swapLastAxes(await this.#checkpoint.load(from), inputs, kernel);
    if (quantizable) this.#addMatrix(name, [from], flat, load);
    else this.#sources.push({ name, shape: flat, quantizable, load });
  }

  /** A depthwise convolution, [channels, 1, kernel], as [kernel, channels]. */
  depthwise(name: string, from: string, channels: number, kernel: number): void {
    this.#expect(from, [channels, 1, kernel]);
    this.#sources.push({
      ...{ name, shape: [kernel, channels], quantizable: false },
      load: async () => swapLastAxes(await this.#checkpoint.load(from), channels, kernel),
    });
  }

  #expect(from: string, shape: readonly number[]): void {
    this.#taken.add(from);
    const found = this.#checkpoint.shapeOf(from);
    if (found && found.join() === shape.join()) return;
    throw new ParrotletError(
      'MODEL_SHAPE',
      `The checkpoint's tensor "${from}" should have the shape [${shape.join(', ')}], ` +
        `${found ? `not [${found.join(', ')}]` : 'but there is none of that name'}. ` +
        'Its config.json and its weights do not belong together.',
    );
  }

  #addMatrix(
    name: string,
    from: readonly string[],
    shape: readonly [number, number],
    load: TensorSource['load'],
  ): void {
    const stored = new StoredScales(this.#checkpoint, from, shape);
    for (const companion of stored.names) this.#taken.add(companion);
    this.#sources.push({ name, shape, quantizable: true, stored, load });
  }
}

// [..., rows, cols] -> [..., cols, rows]
function swapLastAxes(values: Float32Array, rows: number, cols: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let base = 0; base < values.length; base += rows * cols) {
    for (let r = 0; r < rows; ++r) {
      for (let c = 0; c < cols; ++c) out[base + c * rows + r] = values[base + r * cols + c]!;
    }
  }
  return out;
}
