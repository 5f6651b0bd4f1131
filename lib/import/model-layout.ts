// Where every tensor of a model file stands, and the header that says so (docs/model-format.md).
import { ParrotletError } from '../errors.js';
import { type CodeFormat, companionsOf, type FloatStorage, manifestEntry } from './code-format.js';
import { DTYPE_BYTES } from './float-formats.js';
import type { ModelDocument } from './model-document.js';
import { packedRowBytes } from './pack.js';

/** A tensor as it will be stored. */
export type TensorEntry =
  | FloatEntry
  | CodesEntry
  | { readonly name: string; readonly kind: 'bytes'; readonly length: number };

/** Floats as they will be stored. */
export interface FloatEntry {
  readonly name: string;
  readonly kind: 'float';
  readonly shape: readonly number[];
  /** Default `'float32'`. */
  readonly floats?: FloatStorage;
}

/** A quantized matrix as it will be stored. */
export interface CodesEntry extends CodeFormat {
  readonly name: string;
  readonly kind: 'codes';
  readonly shape: readonly [rows: number, depth: number];
}

/** What a model file may hold: floats and bytes. */
export type StoredType = 'F32' | 'F16' | 'U8';

/** Widest first: tensors stand in this order, so that each is aligned to its values. */
const STORED_TYPES: readonly StoredType[] = ['F32', 'F16', 'U8'];

/** One tensor of the safetensors container; offsets count from the start of the data. */
export interface StoredPart {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Limits of docs/model-format.md, "Limits". */
export const MAX_MODEL_HEADER_BYTES = 4 * 1024 * 1024;
const MAX_TENSORS = 4096;
const MAX_DIMENSION = 2 ** 24;
const MAX_NAME_BYTES = 256;

const PREFIX = '{"__metadata__":{"format":"parrotlet","sha256":"';
const ZERO_DIGITS = '0'.repeat(64);

/** Offset in the file of the 64 digits of the checksum. */
export const SHA256_OFFSET = 8 + PREFIX.length;

/** The container's tensors. */
export function layOut(entries: readonly TensorEntry[]): ReadonlyMap<string, StoredPart> {
  const wanted = entries.flatMap(partsOf).sort((a, b) => rank(a.dtype) - rank(b.dtype));
  const parts = new Map<string, StoredPart>();
  let position = 0;
  for (const { name, dtype, shape } of wanted) {
    checkLimits(name, shape, parts);
    const bytes = shape.reduce((product, size) => product * size, DTYPE_BYTES.get(dtype)!);
    parts.set(name, { dtype, shape, begin: position, end: position + bytes });
    position += bytes;
  }
  return parts;
}

/** Where the last of the container's tensors ends. */
export function endOf(parts: ReadonlyMap<string, StoredPart>): number {
  return Math.max(0, ...[...parts.values()].map((part) => part.end));
}

/** The JSON header, with zeros for the checksum's digits. */
export function headerText(
  document: ModelDocument,
  entries: readonly TensorEntry[],
  parts: ReadonlyMap<string, StoredPart>,
): string {
  const manifest: Record<string, unknown> = {};
  for (const entry of entries) {
    if (entry.kind === 'codes') manifest[entry.name] = manifestEntry(entry, entry.shape);
  }
  const text = JSON.stringify(JSON.stringify({ ...document, tensors: manifest }));
  const tensors = [...parts].map(([name, { dtype, shape, begin, end }]) => {
    return `,${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
  });
  return `${PREFIX}${ZERO_DIGITS}","document":${text}}${tensors.join('')}}`;
}

function partsOf(entry: TensorEntry): Omit<StoredPart & { name: string }, 'begin' | 'end'>[] {
  const { name } = entry;
  if (entry.kind === 'float') return [{ name, dtype: floatType(entry), shape: entry.shape }];
  if (entry.kind === 'bytes') return [{ name, dtype: 'U8', shape: [entry.length] }];
  const [rows, depth] = entry.shape;
  const companions = companionsOf(entry.scheme).map((ending) => {
    const shape = [rows, depth / entry.groupSize];
    return { name: `${name}.${ending}`, dtype: floatType(entry), shape };
  });
  return [...companions, { name, dtype: 'U8', shape: [rows, packedRowBytes(entry.bits, depth)] }];
}

function floatType({ floats }: { readonly floats?: FloatStorage }): StoredType {
  return floats === 'float16' ? 'F16' : 'F32';
}

function rank(dtype: StoredType): number {
  return STORED_TYPES.indexOf(dtype);
}

function checkLimits(
  name: string,
  shape: readonly number[],
  parts: ReadonlyMap<string, StoredPart>,
): void {
  if (parts.has(name)) throw new ParrotletError('MODEL_SHAPE', `Tensor "${name}" comes twice.`);
  const fits =
    parts.size < MAX_TENSORS &&
    Buffer.byteLength(name) <= MAX_NAME_BYTES &&
    shape.length >= 1 &&
    shape.length <= 4 &&
    shape.every((size) => size >= 1 && size <= MAX_DIMENSION);
  if (fits) return;
  throw new ParrotletError(
    'MODEL_TOO_LARGE',
    `Tensor "${name}" of shape ${JSON.stringify(shape)} is beyond the format's limits: ` +
      `${MAX_TENSORS} tensors, rank 1 to 4, dimensions 1 to ${MAX_DIMENSION}, names of ` +
      `${MAX_NAME_BYTES} bytes.`,
  );
}
