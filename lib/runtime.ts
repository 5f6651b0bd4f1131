// Tells which build of the engine runs, on what, and why.
import { type BackendAttempt, chooseBackend } from './backend/choose.js';

/** How the engine runs in this process. */
export interface BackendInfo {
  readonly backend: string;
  /** The file the engine was loaded from. */
  readonly path: string;
  /** What was tried, in order; the last is the one in use. */
  readonly attempts: readonly BackendAttempt[];
  /** Version of the engine. */
  readonly version: string;
  /** Instruction set whose kernels run, for example `avx2`; null when `error` is set. */
  readonly target: string | null;
  /** Instruction sets compiled into this build. */
  readonly targets: readonly string[];
  /** Of these, the ones this CPU has. */
  readonly supported: readonly string[];
  /** Value of the environment variable PARROTLET_TARGET, or null. */
  readonly forced: string | null;
  /** Why no target could be chosen, or null. */
  readonly error: string | null;
  readonly platform: string;
  readonly arch: string;
  readonly nodeVersion: string;
  /** Version of Node-API that this Node.js offers; the addon needs 8. */
  readonly napiVersion: string;
}

/**
 * How the engine runs in this process; worth adding to a bug report.
 *
 * @throws {ParrotletError} `BACKEND_UNAVAILABLE` with every attempt and what to do.
 */
export function backendInfo(): BackendInfo {
  const { backend, attempts } = chooseBackend();
  const engine = JSON.parse(backend.runtimeInfo()) as Pick<
    BackendInfo,
    'version' | 'target' | 'targets' | 'supported' | 'forced' | 'error'
  >;
  return {
    backend: backend.name,
    path: backend.path,
    attempts,
    ...engine,
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    napiVersion: process.versions.napi ?? 'unknown',
  };
}
