// Parses and checks the header of a safetensors file, trusting nothing in it.
import { ParrotletError } from '../errors.js';
import { DTYPE_BYTES } from './float-formats.js';

/** One tensor as the header lists it, checked against the file. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte offsets in the file, `end` exclusive. */
  readonly begin: number;
  readonly end: number;
}

/** What a safetensors file says about itself. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The longest header read, in bytes: the limit of the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000;

const MAX_RANK = 8;

/**
 * The header's length, from the first eight bytes of a file.
 *
 * @throws ParrotletError `MODEL_TRUNCATED`, `MODEL_TOO_LARGE`.
 */
export function readHeaderLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.length < 8) {
    throw new ParrotletError(
      'MODEL_TRUNCATED',
      `${file} has ${prefix.length} bytes; a safetensors file starts with an 8-byte header ` +
        'length. Fetch the file again.',
    );
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new ParrotletError(
      'MODEL_TOO_LARGE',
      `${file} announces a header of ${length} bytes; at most ${MAX_HEADER_BYTES} are read. ` +
        'It is probably no safetensors file.',
    );
  }
  if (8 + Number(length) > fileBytes) {
    throw new ParrotletError(
      'MODEL_TRUNCATED',
      `${file} announces a header of ${length} bytes but has only ${fileBytes} in all. ` +
        'Fetch the file again.',
    );
  }
  return Number(length);
}

/**
 * Parses a header's JSON and checks that its tensors cover the data exactly.
 *
 * @param bytes - The JSON text, without the length.
 * @param fileBytes - Size of the whole file.
 * @throws ParrotletError `MODEL_MALFORMED`, `MODEL_SHAPE`, `MODEL_TRUNCATED`.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, file: string): SafetensorsHeader {
  const metadata = new Map<string, string>();
  const tensors = new Map<string, StoredTensor>();
  const dataStart = 8 + bytes.length;
  for (const [name, value] of Object.entries(parseObject(bytes, file))) {
    if (name === '__metadata__') readMetadata(value, metadata, file);
    else tensors.set(name, readEntry(name, value, dataStart, file));
  }
  checkCoverage([...tensors.values()], dataStart, fileBytes, file);
  return { metadata, tensors };
}

function parseObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed(file, `its header is not JSON: ${(cause as Error).message}`);
  }
  if (!isObject(value)) throw malformed(file, 'its header is not a JSON object');
  return value;
}

function readMetadata(value: unknown, metadata: Map<string, string>, file: string): void {
  if (!isObject(value)) throw malformed(file, '__metadata__ is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw malformed(file, `__metadata__.${key} is not a string`);
    metadata.set(key, text);
  }
}

function readEntry(name: string, value: unknown, dataStart: number, file: string): StoredTensor {
  if (!isObject(value)) throw malformed(file, `tensor "${name}" is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  const width = typeof dtype === 'string' ? DTYPE_BYTES.get(dtype) : undefined;
  if (typeof dtype !== 'string' || width === undefined) {
    throw malformed(file, `tensor "${name}" has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!isCounts(shape) || shape.length > MAX_RANK) {
    throw malformed(file, `tensor "${name}" has the shape ${JSON.stringify(shape)}`);
  }
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw malformed(file, `tensor "${name}" has the offsets ${JSON.stringify(offsets)}`);
  }
  const expected = shape.reduce((product, size) => product * size, width);
  const [begin, end] = [offsets[0]!, offsets[1]!];
  if (end - begin !== expected) {
    throw new ParrotletError(
      'MODEL_SHAPE',
      `${file}: tensor "${name}" (${dtype} ${JSON.stringify(shape)}) needs ${expected} bytes, ` +
        `but its offsets span ${end - begin}.`,
    );
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function checkCoverage(
  tensors: StoredTensor[],
  dataStart: number,
  fileBytes: number,
  file: string,
): void {
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = dataStart;
  for (const { name, begin, end } of tensors) {
    if (begin !== position) {
      const fault = begin < position ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw malformed(file, `tensor "${name}" ${fault} (byte ${begin}, expected ${position})`);
    }
    position = end;
  }
  if (position > fileBytes) {
    throw new ParrotletError(
      'MODEL_TRUNCATED',
      `${file} has ${fileBytes} bytes, but its header lists ${position}. Fetch the file again.`,
    );
  }
  if (position < fileBytes) {
    throw malformed(file, `${fileBytes - position} bytes follow the last tensor`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function malformed(file: string, fault: string): ParrotletError {
  return new ParrotletError(
    'MODEL_MALFORMED',
    `${file} is no valid safetensors file: ${fault}. Fetch or export it again.`,
  );
}
