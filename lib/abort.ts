// Waiting for what an AbortSignal may end.
import { abortError } from './errors.js';

const watchers = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `watcher` once when the signal fires, unless the function that is returned is called before.
 * However many watch, the signal has one listener: Node warns of more than ten.
 */
export function onAbort(signal: AbortSignal, watcher: () => void): () => void {
  const all = watchers.get(signal) ?? listen(signal);
  all.add(watcher);
  return () => void all.delete(watcher);
}

function listen(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  watchers.set(signal, all);
  const tellAll = () => {
    for (const watcher of all) watcher();
    all.clear();
  };
  signal.addEventListener('abort', tellAll, { once: true });
  return all;
}

/**
 * Settles as `work` does, or with `ABORTED` as soon as the signal fires.
 *
 * @param discard - Given what came too late.
 */
export function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  discard: (late: T) => void = () => {},
): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      reject(abortError(signal));
      work.then(discard).catch(() => {});
    };
    if (signal.aborted) return giveUp();
    work.finally(onAbort(signal, giveUp)).then(resolve, reject);
  });
}
