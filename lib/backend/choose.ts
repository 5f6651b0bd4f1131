// Chooses how the engine runs: the first entry of the list that loads on this machine.
import { ParrotletError } from '../errors.js';
import { packageRoot } from '../package-root.cjs';
import type { Backend } from './backend.js';
import { loadNative } from './native.js';

/** A way to run the engine. */
export interface BackendLoader {
  readonly name: string;
  /** Returns the backend, or throws why it does not run here. */
  readonly load: () => Backend;
}

/** One entry of the list that was tried. */
export interface BackendAttempt {
  readonly backend: string;
  /** Why it did not load; undefined for the one that did. */
  readonly error: string | undefined;
}

/** The backend in use, and what was tried before it. */
export interface ChosenBackend {
  readonly backend: Backend;
  readonly attempts: readonly BackendAttempt[];
}

/** Every backend of this package, the preferred one first. */
const loaders: readonly BackendLoader[] = [{ name: 'native', load: loadNative }];

let chosen: ChosenBackend | undefined;

/**
 * The backend of this process (of this thread, in a worker); chosen once. The environment variable
 * `PARROTLET_BACKEND` names the only one to try.
 *
 * @throws {ParrotletError} `BACKEND_UNAVAILABLE` with every attempt and what to do.
 */
export function chooseBackend(): ChosenBackend {
  chosen ??= firstThatLoads(loaders, process.env.PARROTLET_BACKEND);
  return chosen;
}

/** The first of `list` that loads; `forced` names the only one to try. */
export function firstThatLoads(
  list: readonly BackendLoader[],
  forced: string | undefined,
): ChosenBackend {
  const attempts: BackendAttempt[] = [];
  for (const { name, load } of list) {
    if (forced && forced !== name) continue;
    try {
      const backend = load();
      return { backend, attempts: [...attempts, { backend: name, error: undefined }] };
    } catch (error) {
      attempts.push({ backend: name, error: (error as Error).message });
    }
  }
  throw new ParrotletError('BACKEND_UNAVAILABLE', explain(list, forced, attempts));
}

function explain(
  list: readonly BackendLoader[],
  forced: string | undefined,
  attempts: readonly BackendAttempt[],
): string {
  const machine = `${process.platform}-${process.arch}, Node.js ${process.versions.node}`;
  const tried =
    attempts.length > 0
      ? attempts.map(({ backend, error }) => `  ${backend}: ${error}`).join('\n')
      : `  nothing: PARROTLET_BACKEND=${forced} is none of ${list.map(({ name }) => name).join(', ')}`;
  return (
    `The speech engine could not be loaded on ${machine}. Tried:\n${tried}\n` +
    `To build it on this machine (C++20 compiler, Python 3 and make needed), run in ${packageRoot}:\n` +
    '  npx node-gyp@12 rebuild'
  );
}
