// Writes one tensor into a model file, a weight matrix in blocks of rows that are quantized on the way.
import { elements, type TensorLoss } from './import-report.js';
import type { TensorEntry } from './model-layout.js';
import type { ModelWriter } from './model-writer.js';
import { type CodeBits, packCodes, packedRowBytes } from './pack.js';
import type { QuantizedRows } from './quantize.js';
import { rowBlocks } from './row-blocks.js';

/** How a weight matrix becomes integers. */
export interface TensorWriting {
  /** Quantizes whole rows of it; rows come in order. */
  readonly quantize: (
    rows: Float32Array,
    format: { readonly bits: CodeBits; readonly groupSize: number },
  ) => QuantizedRows;
  readonly signal?: AbortSignal | undefined;
}

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
  const [, depth] = entry.shape;
  const loss = { signal: 0, noise: 0 };
  for await (const { row, block } of rowBlocks(values, depth, signal)) {
    const quantized = quantize(block, { bits, groupSize });
    loss.signal += quantized.signal;
    loss.noise += quantized.noise;
    await writer.write(`${name}.scale`, quantized.scales, (row * depth * 4) / groupSize);
    const codes = packCodes(quantized.codes, depth, bits);
    await writer.write(name, codes, row * packedRowBytes(bits, depth));
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
