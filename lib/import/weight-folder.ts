// The weights of a checkpoint: one safetensors file, or a folder with one or several of them.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ParrotletError } from '../errors.js';
import { SafetensorsReader } from './safetensors-reader.js';
import type { CheckpointTensors } from './tensor-source.js';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Open safetensors files that together are one checkpoint. Close it when done. */
export class WeightFolder implements CheckpointTensors {
  readonly #readers: readonly SafetensorsReader[];
  readonly #where = new Map<string, SafetensorsReader>();

  private constructor(readers: readonly SafetensorsReader[]) {
    this.#readers = readers;
    for (const reader of readers) {
      for (const name of reader.tensors.keys()) {
        if (this.#where.has(name)) {
          throw new ParrotletError('MODEL_MALFORMED', `Two files hold a tensor "${name}".`);
        }
        this.#where.set(name, reader);
      }
    }
  }

  /**
   * Opens a safetensors file, or those of a Hugging Face folder (`model.safetensors`, or the files
   * that `model.safetensors.index.json` lists).
   *
   * @throws ParrotletError `MODEL_NOT_FOUND` and all that {@link SafetensorsReader.open} throws.
   */
  static async open(path: string): Promise<WeightFolder> {
    const readers: SafetensorsReader[] = [];
    try {
      for (const file of await filesOf(path)) readers.push(await SafetensorsReader.open(file));
      return new WeightFolder(readers);
    } catch (error) {
      for (const reader of readers) await reader.close();
      throw error;
    }
  }

  /** Names of all tensors. */
  get names(): Iterable<string> {
    return this.#where.keys();
  }

  /** What the makers of the files wrote into them; the first file's word stands. */
  get metadata(): ReadonlyMap<string, string> {
    return new Map([...this.#readers].reverse().flatMap((reader) => [...reader.metadata]));
  }

  shapeOf(name: string): readonly number[] | undefined {
    return this.#where.get(name)?.tensors.get(name)?.shape;
  }

  async load(name: string): Promise<Float32Array> {
    const reader = this.#where.get(name);
    if (!reader) throw new ParrotletError('MODEL_SHAPE', `There is no tensor "${name}".`);
    return reader.load(name);
  }

  /** Closes the files. Calling it again does nothing. */
  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.close();
  }
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await isFolder(path))) return [path];
  const index = await readFile(join(path, INDEX), 'utf8').catch(() => undefined);
  return index === undefined ? [join(path, SINGLE)] : shardsOf(path, index);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function shardsOf(folder: string, index: string): string[] {
  let map: unknown;
  try {
    map = (JSON.parse(index) as { weight_map?: unknown } | null)?.weight_map;
  } catch (cause) {
    throw new ParrotletError('MODEL_MALFORMED', `${INDEX} is not JSON: ${cause}`, { cause });
  }
  const files = new Set<unknown>(Object.values(map ?? {}));
  if (files.size === 0) {
    throw new ParrotletError('MODEL_MALFORMED', `${INDEX} lists no files in "weight_map".`);
  }
  return [...files].map((file) => {
    // A name with a separator could lead out of the folder.
    if (typeof file === 'string' && /^[^/\\]+\.safetensors$/.test(file)) return join(folder, file);
    throw new ParrotletError(
      'MODEL_MALFORMED',
      `${INDEX} lists ${JSON.stringify(file)}, which is no safetensors file of its folder.`,
    );
  });
}
