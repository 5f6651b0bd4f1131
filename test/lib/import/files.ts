// Files for the importer's tests: temporary folders, and safetensors written from values.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A tensor to be written, as float32. */
export interface TestTensor {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parrotlet-import-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Names of what a folder holds, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

/** A safetensors file from a JSON header and data. */
export function safetensorsBytes(header: unknown, data: Uint8Array = new Uint8Array()): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** Writes tensors as a float32 safetensors file. */
export async function writeCheckpoint(
  path: string,
  tensors: Readonly<Record<string, TestTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const chunks: Uint8Array[] = [];
  let position = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    header[name] = { dtype: 'F32', shape, data_offsets: [position, position + bytes.length] };
    position += bytes.length;
    chunks.push(bytes);
  }
  await writeFile(path, safetensorsBytes(header, Buffer.concat(chunks)));
}

/** Repeatable values, roughly normal, so that every element of a test's tensors differs. */
export function valuesFor(count: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 12345;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  return Float32Array.from({ length: count }, () => (next() + next() + next() + next() - 2) / 2);
}
