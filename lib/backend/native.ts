// The backend over the Node addon in build/Release or prebuilds/.
import { createRequire } from 'node:module';
import path from 'node:path';
import { ERROR_CODES, type ErrorCode, ParrotletError } from '../errors.js';
import { packageRoot } from '../package-root.cjs';
import type {
  Backend,
  BackendModel,
  BackendSession,
  BackendSessionOptions,
  StepResult,
} from './backend.js';

declare const modelTag: unique symbol;
declare const sessionTag: unique symbol;
/** Opaque objects of the addon, which checks what it is handed. */
type ModelHandle = { readonly [modelTag]: true };
type SessionHandle = { readonly [sessionTag]: true };

/** What cpp/bindings/node/addon.cc exports. It throws and rejects with `{code, message}`. */
interface Addon {
  runtimeInfo(): string;
  loadModelFile(path: string, maxBytes: number): Promise<ModelHandle>;
  loadModelBytes(bytes: Uint8Array): Promise<ModelHandle>;
  modelDescribe(model: ModelHandle): string;
  modelClose(model: ModelHandle): void;
  sessionOpen(model: ModelHandle, options: BackendSessionOptions): SessionHandle;
  sessionDescribe(session: SessionHandle): string;
  sessionWrite(session: SessionHandle, samples: Float32Array): Promise<StepResult>;
  sessionEndSegment(session: SessionHandle): Promise<StepResult>;
  sessionFinish(session: SessionHandle): Promise<StepResult>;
  sessionReset(session: SessionHandle): Promise<StepResult>;
  sessionMemory(session: SessionHandle): ReturnType<BackendSession['memory']>;
  sessionObserve(session: SessionHandle): void;
  sessionMoments(session: SessionHandle, name: string): ReturnType<BackendSession['moments']>;
  sessionClose(session: SessionHandle): void;
}

/** Loads the addon, or throws what the system's loader says. */
export function loadNative(): Backend {
  const require = createRequire(path.join(packageRoot, 'package.json'));
  const { path: findAddon } = require('node-gyp-build') as { path(folder: string): string };
  const file = findAddon(packageRoot);
  return new NativeBackend(require(file) as Addon, file);
}

class NativeBackend implements Backend {
  readonly name = 'native';
  readonly path: string;
  readonly #addon: Addon;

  constructor(addon: Addon, path: string) {
    this.#addon = addon;
    this.path = path;
  }

  runtimeInfo(): string {
    return this.#addon.runtimeInfo();
  }

  async loadModelFile(path: string, maxBytes: number): Promise<BackendModel> {
    return new NativeModel(
      this.#addon,
      await settled(() => this.#addon.loadModelFile(path, maxBytes)),
    );
  }

  async loadModelBytes(bytes: Uint8Array): Promise<BackendModel> {
    return new NativeModel(this.#addon, await settled(() => this.#addon.loadModelBytes(bytes)));
  }
}

class NativeModel implements BackendModel {
  readonly #addon: Addon;
  readonly #handle: ModelHandle;

  constructor(addon: Addon, handle: ModelHandle) {
    this.#addon = addon;
    this.#handle = handle;
  }

  describe(): string {
    return translated(() => this.#addon.modelDescribe(this.#handle));
  }

  openSession(options: BackendSessionOptions): BackendSession {
    return new NativeSession(
      this.#addon,
      translated(() => this.#addon.sessionOpen(this.#handle, options)),
    );
  }

  close(): void {
    translated(() => this.#addon.modelClose(this.#handle));
  }
}

class NativeSession implements BackendSession {
  readonly #addon: Addon;
  readonly #handle: SessionHandle;

  constructor(addon: Addon, handle: SessionHandle) {
    this.#addon = addon;
    this.#handle = handle;
  }

  describe(): string {
    return translated(() => this.#addon.sessionDescribe(this.#handle));
  }

  write(samples: Float32Array): Promise<StepResult> {
    return settled(() => this.#addon.sessionWrite(this.#handle, samples));
  }

  endSegment(): Promise<StepResult> {
    return settled(() => this.#addon.sessionEndSegment(this.#handle));
  }

  finish(): Promise<StepResult> {
    return settled(() => this.#addon.sessionFinish(this.#handle));
  }

  async reset(): Promise<void> {
    await settled(() => this.#addon.sessionReset(this.#handle));
  }

  memory(): ReturnType<BackendSession['memory']> {
    return translated(() => this.#addon.sessionMemory(this.#handle));
  }

  observe(): void {
    translated(() => this.#addon.sessionObserve(this.#handle));
  }

  moments(name: string): ReturnType<BackendSession['moments']> {
    return translated(() => this.#addon.sessionMoments(this.#handle, name));
  }

  close(): void {
    translated(() => this.#addon.sessionClose(this.#handle));
  }
}

function translated<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw toParrotletError(error);
  }
}

async function settled<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toParrotletError(error);
  }
}

function toParrotletError(error: unknown): ParrotletError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return ERROR_CODES.includes(code as ErrorCode)
    ? new ParrotletError(code as ErrorCode, String(message))
    : new ParrotletError('INTERNAL', String(message), { cause: error });
}
