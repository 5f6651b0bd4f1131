// Holds a session's events until its one reader takes them.
import { ParrotletError } from '../errors.js';
import type { TranscriptEvent } from './types.js';

/** Unread events kept that are not final; beyond it they are dropped, since finals replace them. */
const MAX_WAITING_PASSING = 4096;

/** First in, first out; ends once, with or without an error. */
export class EventQueue {
  #waiting: TranscriptEvent[] = [];
  #waitingPassing = 0;
  #ended = false;
  #error: ParrotletError | undefined;
  #hasReader = false;
  readonly #wakers: (() => void)[] = [];

  get ended(): boolean {
    return this.#ended;
  }

  push(events: readonly TranscriptEvent[]): void {
    for (const event of events) {
      this.#waiting.push(event);
      if (event.type !== 'final') this.#waitingPassing++;
    }
    if (this.#waitingPassing > MAX_WAITING_PASSING) {
      this.#waiting = this.#waiting.filter((event) => event.type === 'final');
      this.#waitingPassing = 0;
    }
    this.#notify();
  }

  /** No more events follow. With an error, the reader meets it after the events before it. */
  end(error?: ParrotletError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#notify();
  }

  /**
   * Claims the events for one reader, until it meets the end or leaves; another may then go on from
   * there. Leaving takes effect at once, also on calls of `next` that wait.
   */
  read(): AsyncIterableIterator<TranscriptEvent> {
    if (this.#hasReader) {
      throw new ParrotletError(
        'INVALID_ARGUMENT',
        'Expected one reader of the events of a session, but a second one came. Read them in ' +
          'one place (for await or session.readable) and pass them on from there.',
      );
    }
    this.#hasReader = true;
    let reading = true;
    const leave = () => {
      if (reading) this.#hasReader = false;
      reading = false;
      this.#notify();
      return { done: true, value: undefined } as const;
    };
    return {
      next: async () => {
        for (;;) {
          if (!reading) return { done: true, value: undefined };
          const event = this.#waiting.shift();
          if (event) {
            if (event.type !== 'final') this.#waitingPassing--;
            return { done: false, value: event };
          }
          if (this.#ended) {
            leave();
            if (this.#error) throw this.#error;
          } else {
            await new Promise<void>((wake) => this.#wakers.push(wake));
          }
        }
      },
      return: async () => leave(),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #notify(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }
}
