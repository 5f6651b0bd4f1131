// Writes a model file piece by piece, so that it appears under its name whole or not at all.
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ParrotletError } from '../errors.js';
import { DTYPE_BYTES, toHalfBits } from './float-formats.js';
import type { ModelDocument } from './model-document.js';
import {
  endOf,
  headerText,
  layOut,
  MAX_MODEL_HEADER_BYTES,
  SHA256_OFFSET,
  type StoredPart,
  type StoredType,
  type TensorEntry,
} from './model-layout.js';

// Facts that are known only after the data, such as errors of quantization, may lengthen the
// document by this much.
const HEADER_SLACK_BYTES = 4096;
const ALIGNMENT = 64;
const HASH_BLOCK_BYTES = 1 << 20;

/** What {@link ModelWriter.finish} made. */
export interface WrittenModel {
  readonly fileBytes: number;
  readonly sha256: string;
}

/**
 * A model file in the making. Tensors may come in any order and in pieces; the file stands under a
 * temporary name in the target's folder until {@link ModelWriter.finish} renames it. Whoever makes a
 * writer calls `finish` or `abort`.
 */
export class ModelWriter {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #temporary: string;
  readonly #entries: readonly TensorEntry[];
  readonly #parts: ReadonlyMap<string, StoredPart>;
  readonly #written = new Map<string, number>();
  readonly #dataStart: number;

  private constructor(
    handle: FileHandle,
    names: { readonly path: string; readonly temporary: string },
    entries: readonly TensorEntry[],
    parts: ReadonlyMap<string, StoredPart>,
    dataStart: number,
  ) {
    this.#handle = handle;
    this.#path = names.path;
    this.#temporary = names.temporary;
    this.#entries = entries;
    this.#parts = parts;
    this.#dataStart = dataStart;
  }

  /**
   * Starts a file.
   *
   * @param path - Where the model will stand; an existing file stays untouched until `finish`.
   * @param document - As far as it is known; its final text may be up to 4,096 bytes longer.
   * @param entries - Every tensor of the file.
   * @throws ParrotletError `IO_ERROR`, `MODEL_SHAPE`, `MODEL_TOO_LARGE`.
   */
  static async create(
    path: string,
    document: ModelDocument,
    entries: readonly TensorEntry[],
  ): Promise<ModelWriter> {
    const parts = layOut(entries);
    const dataStart = dataStartOf(document, entries, parts);
    if (dataStart - 8 > MAX_MODEL_HEADER_BYTES) {
      throw new ParrotletError(
        'MODEL_TOO_LARGE',
        `The header would take ${dataStart - 8} bytes; the format allows ` +
          `${MAX_MODEL_HEADER_BYTES}. Shorten the card or import fewer tensors.`,
      );
    }
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    const handle = await open(temporary, 'wx+').catch((cause: Error) => {
      throw ioError(path, cause);
    });
    return new ModelWriter(handle, { path, temporary }, entries, parts, dataStart);
  }

  /** Bytes of tensors in the whole file. */
  get dataBytes(): number {
    return endOf(this.#parts);
  }

  /**
   * Writes a piece of one stored tensor (`X`, or `X.scale` of a quantized one), floats as the file
   * holds them.
   *
   * @param first - Values of the tensor before the piece.
   * @throws ParrotletError `IO_ERROR`; `MODEL_UNSUPPORTED` for floats too large for float16;
   *   `INTERNAL` where the piece does not fit the tensor.
   */
  async write(name: string, data: Float32Array | Uint8Array, first = 0): Promise<void> {
    const part = this.#parts.get(name);
    const bytes = part ? storedAs(part.dtype, data, name) : new Uint8Array();
    const offset = part ? first * DTYPE_BYTES.get(part.dtype)! : 0;
    if (!part || offset + bytes.length > part.end - part.begin) {
      throw new ParrotletError(
        'INTERNAL',
        `A piece of ${data.length} values at ${first} does not fit tensor "${name}".`,
      );
    }
    await this.#writeAt(this.#dataStart + part.begin + offset, bytes);
    this.#written.set(name, (this.#written.get(name) ?? 0) + bytes.length);
  }

  /**
   * Writes the header, makes the file durable and gives it its name.
   *
   * @param document - The final document.
   * @throws ParrotletError `IO_ERROR`; `INTERNAL` where tensors are incomplete.
   */
  async finish(document: ModelDocument): Promise<WrittenModel> {
    this.#checkComplete();
    await this.#writeHeader(document);
    const { sha256, fileBytes } = await this.#hash();
    await this.#writeAt(SHA256_OFFSET, Buffer.from(sha256, 'ascii'));
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#temporary, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (cause) {
      throw ioError(this.#path, cause as Error);
    }
    return { fileBytes, sha256 };
  }

  /** Removes what was written. Does nothing after a successful `finish`. */
  async abort(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await unlink(this.#temporary).catch(() => {});
  }

  #checkComplete(): void {
    for (const [name, { begin, end }] of this.#parts) {
      const written = this.#written.get(name) ?? 0;
      if (written === end - begin) continue;
      throw new ParrotletError(
        'INTERNAL',
        `Tensor "${name}" got ${written} bytes of ${end - begin}; write all of it before finish().`,
      );
    }
  }

  async #writeHeader(document: ModelDocument): Promise<void> {
    const text = Buffer.from(headerText(document, this.#entries, this.#parts));
    const header = Buffer.alloc(this.#dataStart, ' ');
    header.writeBigUInt64LE(BigInt(this.#dataStart - 8));
    if (text.copy(header, 8) !== text.length) {
      throw new ParrotletError(
        'INTERNAL',
        `The final document grew by more than ${HEADER_SLACK_BYTES} bytes.`,
      );
    }
    await this.#writeAt(0, header);
  }

  async #writeAt(position: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle
        .write(bytes, done, bytes.length - done, position + done)
        .catch((cause: Error) => {
          throw ioError(this.#path, cause);
        });
      done += bytesWritten;
    }
  }

  // Reads the file back, whose checksum digits are still zeros, as the format wants them hashed.
  async #hash(): Promise<WrittenModel> {
    const hash = createHash('sha256');
    const block = Buffer.alloc(HASH_BLOCK_BYTES);
    let position = 0;
    for (;;) {
      const { bytesRead } = await this.#handle
        .read(block, 0, block.length, position)
        .catch((cause: Error) => {
          throw ioError(this.#path, cause);
        });
      if (bytesRead === 0) break;
      hash.update(block.subarray(0, bytesRead));
      position += bytesRead;
    }
    return { fileBytes: position, sha256: hash.digest('hex') };
  }
}

/** Size of the file that {@link ModelWriter.create} would begin with the same arguments. */
export function modelFileBytes(document: ModelDocument, entries: readonly TensorEntry[]): number {
  const parts = layOut(entries);
  return dataStartOf(document, entries, parts) + endOf(parts);
}

function storedAs(dtype: StoredType, data: Float32Array | Uint8Array, name: string): Uint8Array {
  const stored = dtype === 'F16' && data instanceof Float32Array ? toHalfBits(data) : data;
  if (stored instanceof Uint16Array && stored.some((bits) => (bits & 0x7c00) === 0x7c00)) {
    throw new ParrotletError(
      'MODEL_UNSUPPORTED',
      `Tensor "${name}" holds a value too large for float16 (65,504 at most). Store the model's ` +
        'floats in float32.',
    );
  }
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

function dataStartOf(
  document: ModelDocument,
  entries: readonly TensorEntry[],
  parts: ReadonlyMap<string, StoredPart>,
): number {
  const headerBytes = Buffer.byteLength(headerText(document, entries, parts));
  return roundUp(8 + headerBytes + HEADER_SLACK_BYTES, ALIGNMENT);
}

// The rename lasts through a power failure only once the folder is on the disk too. Systems that
// cannot sync a folder keep the weaker promise.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

function ioError(path: string, cause: Error): ParrotletError {
  return new ParrotletError(
    'IO_ERROR',
    `Cannot write ${path}: ${cause.message}. Check the folder, its rights and the free space.`,
    { cause },
  );
}
