// Writes one tensor into a model file, a weight matrix in blocks of rows that are quantized on the way.
import { ParrotletError } from '../errors.js';
import { companionsOf } from './code-format.js';
import type { TensorLoss } from './import-report.js';
import { type CodesEntry, endOf, layOut, type TensorEntry } from './model-layout.js';
import type { ModelWriter } from './model-writer.js';
import { packCodes, packedRowBytes } from './pack.js';
import type { QuantizedRows } from './quantize.js';
import { rowBlocks } from './row-blocks.js';

/** Quantizes whole rows of a matrix, which come in order; `first` is the number of the first. */
export type RowQuantizer = (rows: Float32Array, first: number) => QuantizedRows;

/** How a weight matrix becomes integers. */
export interface TensorWriting {
  /** Called once for a matrix that is held in codes. */
  readonly prepare: (entry: CodesEntry) => Promise<RowQuantizer>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a tensor whole and tells what quantization did to it.
 *
 * @throws ParrotletError `IO_ERROR`, `ABORTED`; `MODEL_UNSUPPORTED` for weights too far apart.
 */
export async function writeTensor(
  writer: ModelWriter,
  entry: TensorEntry,
  values: Float32Array,
  { prepare, signal }: TensorWriting,
): Promise<TensorLoss> {
  if (entry.kind !== 'codes') {
    await writer.write(entry.name, values);
    return { signal: 0, noise: 0 };
  }
  const { name, bits, groupSize, scheme } = entry;
  const [, depth] = entry.shape;
  const quantize = await prepare(entry);
  const loss = { signal: 0, noise: 0 };
  for await (const { row, block } of rowBlocks(values, depth, signal)) {
    const quantized = quantize(block, row);
    loss.signal += quantized.signal;
    loss.noise += quantized.noise;
    expectFinite(entry, quantized.scales);
    for (const ending of companionsOf(scheme)) {
      const values = quantized[`${ending}s`]!;
      await writer.write(`${name}.${ending}`, values, (row * depth) / groupSize);
    }
    const codes = packCodes(quantized.codes, depth, bits);
    await writer.write(name, codes, row * packedRowBytes(bits, depth));
  }
  return loss;
}

/** Bytes that a tensor takes in the file, scales and zeros included. */
export function storedBytes(entry: TensorEntry): number {
  return endOf(layOut([entry]));
}

function expectFinite({ name, floats = 'float32' }: CodesEntry, scales: Float32Array): void {
  if (scales.every(Number.isFinite)) return;
  throw new ParrotletError(
    'MODEL_UNSUPPORTED',
    `The weights of "${name}" lie too far apart for scales in ${floats}. The checkpoint is damaged, ` +
      `or take ${floats === 'float16' ? 'floats of float32' : 'another scheme'}.`,
  );
}
