// Loads a model from a file, a URL, memory or this package.
import { stat } from 'node:fs/promises';
import { unlessAborted } from './abort.js';
import type { BackendModel } from './backend/backend.js';
import { chooseBackend } from './backend/choose.js';
import { DEFAULT_MODEL_BITS, type DefaultModelBits, defaultModelPath } from './default-model.js';
import { download } from './download.js';
import { expectArgument, ParrotletError, throwIfAborted } from './errors.js';
import { pathOf } from './file-url.js';
import { Model } from './model.js';

/** How far loading has come. */
export interface LoadProgress {
  /** `start` once, `read` as bytes arrive, `ready` once. */
  readonly status: 'start' | 'read' | 'ready';
  /** Path or URL of the model, or `memory`. */
  readonly source: string;
  readonly loadedBytes: number;
  /** Undefined while the size is not known. */
  readonly totalBytes: number | undefined;
}

export interface LoadOptions {
  /** Gives up with `ABORTED` when it fires. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Of the default model: 2, the smallest, 4, or 8, the most accurate. Default 4. */
  readonly bits?: DefaultModelBits;
  /** Largest model that is read. Default and most: 1 GiB. */
  readonly maxBytes?: number;
}

const GIBIBYTE = 2 ** 30;

/**
 * Loads a model; its weights are packed for this CPU on the way, off the event loop's thread.
 *
 * @param source - `default` for the English model of this package, else a path, a `file:` or
 *   `http(s):` URL, also as a string, or the bytes of a model file (copied before this returns).
 * @throws {ParrotletError} `MODEL_NOT_FOUND`, `IO_ERROR`, one of the `MODEL_…` codes if the bytes are
 *   no sound model, `TARGET_UNAVAILABLE`, `OUT_OF_MEMORY`, `ABORTED`, `BACKEND_UNAVAILABLE`,
 *   `INVALID_ARGUMENT`.
 */
export async function loadModel(
  source: 'default' | string | URL | Uint8Array,
  options: LoadOptions = {},
): Promise<Model> {
  const { signal, onProgress, bits, maxBytes = GIBIBYTE } = options;
  expectArgument(
    Number.isInteger(maxBytes) && maxBytes > 0 && maxBytes <= GIBIBYTE,
    'maxBytes',
    `an integer from 1 to ${GIBIBYTE}`,
    maxBytes,
  );
  expectArgument(
    bits === undefined || (source === 'default' && DEFAULT_MODEL_BITS.includes(bits)),
    'bits',
    `one of ${DEFAULT_MODEL_BITS.join(', ')}, and only with the source 'default',`,
    bits,
  );
  throwIfAborted(signal);
  const load: Load = { signal, maxBytes, report: onProgress ?? (() => {}) };
  if (source instanceof Uint8Array) return new Model(await loadBytes(source, 'memory', load));

  expectArgument(
    source instanceof URL || (typeof source === 'string' && source !== ''),
    'source',
    "'default', a path, a URL or the bytes of a model",
    source,
  );
  const place = typeof source === 'string' ? (urlOf(source) ?? source) : source;
  if (typeof place === 'string') {
    const path = place === 'default' ? defaultModelPath(bits) : place;
    return new Model(await loadFile(path, load));
  }
  if (place.protocol === 'http:' || place.protocol === 'https:') {
    return new Model(await loadBytes(await download(place, load), place.href, load));
  }
  return new Model(await loadFile(pathOf(place, 'source', 'a file: or http(s): URL'), load));
}

// A URL that came as a string; undefined for a path.
function urlOf(source: string): URL | undefined {
  if (!/^(https?|file):\/\//i.test(source)) return undefined;
  expectArgument(URL.canParse(source), 'source', 'a URL with a host or a path', source);
  return new URL(source);
}

/** What every way of loading needs to know. */
interface Load {
  readonly signal: AbortSignal | undefined;
  readonly maxBytes: number;
  readonly report: (progress: LoadProgress) => void;
}

async function loadFile(path: string, { signal, maxBytes, report }: Load): Promise<BackendModel> {
  const file = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    throw new ParrotletError(
      missing ? 'MODEL_NOT_FOUND' : 'IO_ERROR',
      missing
        ? `Expected a model file at ${path}, but there is none. Check the path; ` +
            "loadModel('default') loads the model of this package."
        : `The model file ${path} could not be read: ${cause.message}`,
      { cause },
    );
  });
  const totalBytes = file.size;
  report({ status: 'start', source: path, loadedBytes: 0, totalBytes });
  const model = await loaded(chooseBackend().backend.loadModelFile(path, maxBytes), signal);
  report({ status: 'ready', source: path, loadedBytes: totalBytes, totalBytes });
  return model;
}

async function loadBytes(
  bytes: Uint8Array,
  source: string,
  { signal, maxBytes, report }: Load,
): Promise<BackendModel> {
  const totalBytes = bytes.length;
  if (totalBytes > maxBytes) {
    throw new ParrotletError(
      'MODEL_TOO_LARGE',
      `Expected a model of at most ${maxBytes} bytes, but received ${totalBytes}. Raise maxBytes ` +
        'if the model is meant to be this large.',
    );
  }
  if (source === 'memory') report({ status: 'start', source, loadedBytes: 0, totalBytes });
  const model = await loaded(chooseBackend().backend.loadModelBytes(bytes), signal);
  report({ status: 'ready', source, loadedBytes: totalBytes, totalBytes });
  return model;
}

/** The model, unless the signal fires first; one that comes too late is closed. */
function loaded(
  loading: Promise<BackendModel>,
  signal: AbortSignal | undefined,
): Promise<BackendModel> {
  return unlessAborted(loading, signal, (late) => late.close());
}
