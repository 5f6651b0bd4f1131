// A second reader of model files, written from docs/model-format.md and sharing nothing with lib/.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

interface Manifest {
  readonly bits: number;
  readonly shape: readonly [number, number];
  readonly groupSize: number;
  readonly scheme?: 'midRise' | 'affine';
  readonly activations?: 4 | 32;
}

/** A model file, checked and dequantized. */
export interface VerifiedModel {
  // biome-ignore lint/suspicious/noExplicitAny: tests look at single fields of free JSON
  readonly document: any;
  readonly floats: ReadonlyMap<string, Float32Array>;
  readonly codes: ReadonlyMap<string, readonly number[]>;
  /** Numbers that the file holds as float16. */
  readonly halves: number;
  readonly pieces: readonly string[];
  readonly bytes: Buffer;
}

/** Reads a model file and throws where it departs from the format. */
export async function verifyModelFile(path: string): Promise<VerifiedModel> {
  const bytes = await readFile(path);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString('utf8'));
  const { __metadata__: metadata, ...entries } = header as Record<string, Entry> & {
    __metadata__: { format: string; sha256: string; document: string };
  };
  check(Object.keys(metadata).sort().join() === 'document,format,sha256', 'metadata keys');
  check(metadata.format === 'parrotlet', 'format');
  checkSum(bytes, metadata.sha256);
  const start = 8 + headerBytes;
  check(start % 64 === 0, 'data is 64-byte aligned');
  checkCoverage(Object.values(entries), bytes.length - start);
  const document = JSON.parse(metadata.document);
  const manifest: Record<string, Manifest> = document.tensors;
  const at = (entry: Entry) =>
    bytes.subarray(start + entry.data_offsets[0], start + entry.data_offsets[1]);
  const floats = new Map<string, Float32Array>();
  const codes = new Map<string, readonly number[]>();
  const floatsOf = (entry: Entry) =>
    entry.dtype === 'F16' ? readHalves(at(entry)) : readFloats(at(entry));
  let halves = 0;
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.dtype === 'F32' || entry.dtype === 'F16') {
      const bytes = entry.dtype === 'F32' ? 4 : 2;
      check((start + entry.data_offsets[0]) % bytes === 0, `${name} is aligned`);
      if (entry.dtype === 'F16') halves += entry.shape.reduce((a, b) => a * b);
      const matrix = /^(.*)\.(scale|zero)$/.exec(name)?.[1];
      if (!matrix || !manifest[matrix]) floats.set(name, floatsOf(entry));
    } else if (name !== 'tokenizer.pieces') {
      const plan = manifest[name];
      const scale = entries[`${name}.scale`];
      if (!plan || !scale) throw new Error(`${name} has no manifest entry or no scales`);
      codes.set(name, readCodes(at(entry), plan, entry));
      const zero = entries[`${name}.zero`];
      check((plan.scheme === 'affine') === (zero !== undefined), `zeros of ${name}`);
      check(zero === undefined || zero.shape.join() === scale.shape.join(), 'shape of the zeros');
      const scales = floatsOf(scale);
      const zeros = zero ? floatsOf(zero) : scales.map((s) => zeroOf(plan, s));
      floats.set(name, dequantize(codes.get(name) ?? [], { scales, zeros }, plan, scale));
    }
  }
  for (const name of Object.keys(manifest)) check(codes.has(name), `${name} is stored`);
  const pieces = entries['tokenizer.pieces'];
  return { document, floats, codes, halves, bytes, pieces: pieces ? readPieces(at(pieces)) : [] };
}

function checkSum(bytes: Buffer, sha256: string): void {
  check(/^[0-9a-f]{64}$/.test(sha256), 'sha256 is 64 digits');
  const digits = bytes.indexOf(sha256);
  const zeroed = Buffer.from(bytes);
  zeroed.fill('0', digits, digits + 64);
  check(createHash('sha256').update(zeroed).digest('hex') === sha256, 'sha256 matches');
}

function checkCoverage(entries: readonly Entry[], dataBytes: number): void {
  const offsets = entries.map((entry) => entry.data_offsets).sort((a, b) => a[0] - b[0]);
  let position = 0;
  for (const [begin, end] of offsets) {
    check(begin === position, 'no holes and no overlap');
    position = end;
  }
  check(position === dataBytes, 'the data ends with the last tensor');
}

function readFloats(bytes: Buffer): Float32Array {
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

// By the words of IEEE 754: 5 bits of exponent biased by 15, 10 of fraction, subnormals below.
function readHalves(bytes: Buffer): Float32Array {
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
    const half = bytes.readUInt16LE(2 * i);
    const exponent = (half >> 10) & 31;
    check(exponent < 31, 'halves are finite');
    const fraction = (half & 1023) / 1024 + (exponent === 0 ? 0 : 1);
    return (half & 0x8000 ? -1 : 1) * fraction * 2 ** (Math.max(1, exponent) - 15);
  });
}

// Bit by bit, as the format is worded: lowest bits first, every row starting on a byte.
function readCodes(bytes: Buffer, { bits, shape }: Manifest, { shape: stored }: Entry): number[] {
  const [rows, depth] = shape;
  const rowBytes = Math.ceil((bits * depth) / 8);
  check(stored.join() === [rows, rowBytes].join(), 'shape of the codes');
  const codes: number[] = [];
  for (let row = 0; row < rows; ++row) {
    for (let k = 0; k < depth; ++k) {
      let code = 0;
      for (let bit = 0; bit < bits; ++bit) {
        const position = k * bits + bit;
        const byte = bytes[row * rowBytes + (position >> 3)] ?? Number.NaN;
        code += ((byte >> (position & 7)) & 1) * (bit === bits - 1 ? -(2 ** bit) : 2 ** bit);
      }
      codes.push(code);
    }
  }
  return codes;
}

function zeroOf({ scheme }: Manifest, scale: number): number {
  return scheme === 'midRise' ? -scale / 2 : 0;
}

function dequantize(
  codes: readonly number[],
  { scales, zeros }: { readonly scales: Float32Array; readonly zeros: Float32Array },
  { shape, groupSize }: Manifest,
  { shape: stored }: Entry,
): Float32Array {
  check(stored.join() === [shape[0], shape[1] / groupSize].join(), 'shape of the scales');
  check(
    scales.every((scale) => scale >= 0 && Number.isFinite(scale)),
    'scales are finite',
  );
  check(
    zeros.every((zero, i) => Number.isFinite(zero) && (zero === 0 || scales[i] !== 0)),
    'zeros are finite, and 0 where the scale is',
  );
  return Float32Array.from(codes, (code, i) => {
    const g = Math.floor(i / groupSize);
    return Math.fround(code * (scales[g] ?? 0)) - (zeros[g] ?? 0);
  });
}

function readPieces(bytes: Buffer): string[] {
  const pieces: string[] = [];
  let position = 0;
  while (position < bytes.length) {
    const end = position + 1 + (bytes[position] ?? 0);
    pieces.push(bytes.subarray(position + 1, end).toString('utf8'));
    position = end;
  }
  return pieces;
}

function check(ok: boolean, what: string): void {
  if (!ok) throw new Error(`The model file departs from the format: ${what}`);
}
