// A loaded model: what it is, and the sessions made from it.
import type { BackendModel } from './backend/backend.js';
import { ParrotletError, throwIfAborted } from './errors.js';
import { type ModelInfo, parseModelInfo } from './model-info.js';
import { Session } from './session.js';
import { resolveSessionOptions, type SessionOptions } from './session-options.js';

/**
 * The weights of a speech recognizer, immutable and shared by its sessions. Load it once with
 * `loadModel`. A model belongs to the thread that loaded it; other workers load their own.
 */
export class Model {
  readonly info: ModelInfo;
  readonly #backend: BackendModel;
  #closed = false;

  /** @internal Use `loadModel`. */
  constructor(backend: BackendModel) {
    this.#backend = backend;
    this.info = parseModelInfo(backend.describe());
  }

  /**
   * Opens a stream. It takes its memory now and none later.
   *
   * @throws {ParrotletError} `INVALID_ARGUMENT` if an option is unknown or out of its range;
   *   `OUT_OF_MEMORY`; `ABORTED` if `options.signal` has fired; `SESSION_CLOSED` after `close()`.
   */
  createSession(options: SessionOptions = {}): Session {
    if (this.#closed) {
      throw new ParrotletError(
        'SESSION_CLOSED',
        'The model was closed. Load it again, or close it after the last createSession().',
      );
    }
    const resolved = resolveSessionOptions(options, this.info);
    throwIfAborted(resolved.signal);
    return new Session(this.#backend.openSession(resolved.backend), resolved);
  }

  /** Frees the weights once the last open session is closed. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#backend.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
