// Runs asynchronous tasks one after another.

/** Keeps the order of calls on one session, which the engine serves one at a time. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` after every earlier one has settled, whatever became of those. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
