// Opens a model file with float32 weights, to be quantized.
import { basename } from 'node:path';
import type { Backend, BackendModel } from '../backend/backend.js';
import { ParrotletError, throwIfAborted } from '../errors.js';
import type { ModelDocument } from '../import/model-document.js';
import { modelTensors } from '../import/model-tensors.js';
import { SafetensorsReader } from '../import/safetensors-reader.js';
import type { TensorSource } from '../import/tensor-source.js';

const PIECES = 'tokenizer.pieces';

/** A float32 model, as the engine runs it and tensor by tensor. Close it when done. */
export interface FloatModel {
  readonly document: ModelDocument;
  readonly tensors: readonly TensorSource[];
  readonly pieces: Uint8Array;
  readonly engine: BackendModel;
  close(): Promise<void>;
}

/**
 * Has the engine check the whole file, then opens it tensor by tensor.
 *
 * @throws ParrotletError `INVALID_ARGUMENT` where weights are integers already; `MODEL_NOT_FOUND` and
 *   all other `MODEL_` codes, `IO_ERROR`.
 */
export async function openFloatModel(
  path: string,
  backend: Backend,
  signal?: AbortSignal,
): Promise<FloatModel> {
  const reader = await SafetensorsReader.open(path);
  let engine: BackendModel | undefined;
  try {
    engine = await backend.loadModelFile(path, 0);
    throwIfAborted(signal);
    const { tensors: manifest, ...document } = JSON.parse(reader.metadata.get('document')!) as {
      tensors: Readonly<Record<string, { readonly bits: number }>>;
    } & ModelDocument;
    expectFloats(path, manifest);
    const opened = { document, engine, tensors: sourcesOf(reader, document) };
    const close = async () => {
      opened.engine.close();
      await reader.close();
    };
    return { ...opened, pieces: await reader.loadBytes(PIECES), close };
  } catch (error) {
    engine?.close();
    await reader.close();
    throw error;
  }
}

function expectFloats(path: string, manifest: Readonly<Record<string, { bits: number }>>): void {
  const first = Object.entries(manifest)[0];
  if (!first) return;
  throw new ParrotletError(
    'INVALID_ARGUMENT',
    `Expected a model with float32 weights, but ${basename(path)} holds "${first[0]}" in ` +
      `${first[1].bits} bits already; quantizing twice would add up the errors. Make a float model ` +
      'of its checkpoint with: parrotlet import CHECKPOINT --bits 32 --output FLOAT',
  );
}

function sourcesOf(reader: SafetensorsReader, document: ModelDocument): TensorSource[] {
  const matrices = new Set(
    modelTensors(document).flatMap(({ name, role }) => (role === 'matrix' ? [name] : [])),
  );
  return [...reader.tensors.values()]
    .filter(({ name }) => name !== PIECES)
    .map(({ name, shape }) => ({
      name,
      shape,
      quantizable: matrices.has(name),
      load: () => reader.load(name),
    }));
}
