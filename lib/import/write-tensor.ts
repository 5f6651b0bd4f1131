// Writes one tensor into a model file, a weight matrix in blocks of rows that are quantized on the way.
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';
import { elements, type TensorLoss } from './import-report.js';
import type { TensorEntry } from './model-layout.js';
import type { ModelWriter } from './model-writer.js';
import { type CodeBits, packCodes, packedRowBytes } from './pack.js';
import type { QuantizedRows } from './quantize.js';

/** How a weight matrix becomes integers. */
export interface TensorWriting {
  /** Quantizes whole rows of it; rows come in order. */
  readonly quantize: (
    rows: Float32Array,
    format: { readonly bits: CodeBits; readonly groupSize: number },
  ) => QuantizedRows;
  readonly signal?: AbortSignal | undefined;
}

// Weights that are quantized between two looks at the signal: 10 to 20 ms of work.
const BLOCK_WEIGHTS = 1 << 16;

/**
 * Writes a tensor whole and tells what quantization did to it.
 *
 * @throws ParrotletError `IO_ERROR`, `ABORTED`.
 */
export async function writeTensor(
  writer: ModelWriter,
  entry: TensorEntry,
  values: Float32Array,
  { quantize, signal }: TensorWriting,
): Promise<TensorLoss> {
  if (entry.kind !== 'codes') {
    await writer.write(entry.name, values);
    return { signal: 0, noise: 0 };
  }
  const { name, bits, groupSize } = entry;
  const [rows, depth] = entry.shape;
  const step = Math.max(1, Math.floor(BLOCK_WEIGHTS / depth));
  const loss = { signal: 0, noise: 0 };
  for (let row = 0; row < rows; row += step) {
    const block = values.subarray(row * depth, Math.min(rows, row + step) * depth);
    const quantized = quantize(block, { bits, groupSize });
    loss.signal += quantized.signal;
    loss.noise += quantized.noise;
    await writer.write(`${name}.scale`, quantized.scales, (row * depth * 4) / groupSize);
    const codes = packCodes(quantized.codes, depth, bits);
    await writer.write(name, codes, row * packedRowBytes(bits, depth));
    await setImmediate(); // lets the signal and other work of the process through
    throwIfAborted(signal);
  }
  return loss;
}

/** Bytes that a tensor takes in the file, scales included. */
export function storedBytes(entry: TensorEntry): number {
  if (entry.kind === 'bytes') return entry.length;
  if (entry.kind === 'float') return 4 * elements(entry.shape);
  const [rows, depth] = entry.shape;
  return rows * (packedRowBytes(entry.bits, depth) + (4 * depth) / entry.groupSize);
}
