// Random access to the tensors of one safetensors file, one tensor in memory at a time.
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { ParrotletError } from '../errors.js';
import { isFloatFormat, toFloat32 } from './float-formats.js';
import {
  parseHeader,
  readHeaderLength,
  type SafetensorsHeader,
  type StoredTensor,
} from './safetensors-header.js';

/** An open safetensors file. Close it when done. */
export class SafetensorsReader {
  readonly #handle: FileHandle;
  readonly #file: string;
  readonly #header: SafetensorsHeader;

  private constructor(handle: FileHandle, file: string, header: SafetensorsHeader) {
    this.#handle = handle;
    this.#file = file;
    this.#header = header;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws ParrotletError `MODEL_NOT_FOUND`, `IO_ERROR`, `MODEL_TRUNCATED`, `MODEL_MALFORMED`,
   *   `MODEL_SHAPE`, `MODEL_TOO_LARGE`.
   */
  static async open(path: string): Promise<SafetensorsReader> {
    const file = basename(path);
    const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
      throw openError(path, cause);
    });
    try {
      const { size } = await handle.stat();
      const prefix = await readBytes(handle, 0, Math.min(8, size), file);
      const length = readHeaderLength(prefix, size, file);
      const header = parseHeader(await readBytes(handle, 8, length, file), size, file);
      return new SafetensorsReader(handle, file, header);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Free text that the maker of the file put into it. */
  get metadata(): ReadonlyMap<string, string> {
    return this.#header.metadata;
  }

  /** The tensors, by name. */
  get tensors(): ReadonlyMap<string, StoredTensor> {
    return this.#header.tensors;
  }

  /**
   * Reads one tensor as float32, in row-major order.
   *
   * @throws ParrotletError `MODEL_SHAPE` (no such tensor), `MODEL_UNSUPPORTED` (no float type),
   *   `MODEL_MALFORMED` (NaN or infinity among the values), `IO_ERROR`.
   */
  async load(name: string): Promise<Float32Array> {
    const tensor = this.#find(name);
    if (!isFloatFormat(tensor.dtype)) {
      throw new ParrotletError(
        'MODEL_UNSUPPORTED',
        `${this.#file}: tensor "${name}" is ${tensor.dtype}; weights must be F16, BF16, F32 or ` +
          'F64. Export the checkpoint in one of these.',
      );
    }
    const values = toFloat32(tensor.dtype, await this.loadBytes(name));
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new ParrotletError(
        'MODEL_MALFORMED',
        `${this.#file}: value ${bad} of tensor "${name}" is not a finite float32. ` +
          'The checkpoint is damaged or its training diverged.',
      );
    }
    return values;
  }

  /**
   * Reads one tensor's bytes as they stand in the file, at the start of their own buffer.
   *
   * @throws ParrotletError `MODEL_SHAPE` (no such tensor), `MODEL_TRUNCATED`, `IO_ERROR`.
   */
  async loadBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const { begin, end } = this.#find(name);
    return readBytes(this.#handle, begin, end - begin, this.#file);
  }

  /** Closes the file. Calling it again does nothing. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  #find(name: string): StoredTensor {
    const tensor = this.#header.tensors.get(name);
    if (tensor) return tensor;
    throw new ParrotletError('MODEL_SHAPE', `${this.#file} has no tensor "${name}".`);
  }
}

async function readBytes(
  handle: FileHandle,
  position: number,
  length: number,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle
      .read(bytes, done, length - done, position + done)
      .catch((cause: Error) => {
        throw new ParrotletError('IO_ERROR', `Cannot read ${file}: ${cause.message}`, { cause });
      });
    if (bytesRead === 0) {
      throw new ParrotletError('MODEL_TRUNCATED', `${file} became shorter while it was read.`);
    }
    done += bytesRead;
  }
  return bytes;
}

function openError(path: string, cause: NodeJS.ErrnoException): ParrotletError {
  return cause.code === 'ENOENT'
    ? new ParrotletError('MODEL_NOT_FOUND', `There is no file ${path}.`, { cause })
    : new ParrotletError('IO_ERROR', `Cannot open ${path}: ${cause.message}`, { cause });
}
