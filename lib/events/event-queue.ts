// Holds a session's events until its one reader takes them.
import { ParrotletError } from '../errors.js';
import type { TranscriptEvent } from './types.js';

/** Unread partials kept; beyond it they are dropped, since newer ones and finals replace them. */
const MAX_WAITING_PARTIALS = 4096;

/** First in, first out; ends once, with or without an error. */
export class EventQueue {
  #waiting: TranscriptEvent[] = [];
  #waitingPartials = 0;
  #ended = false;
  #error: ParrotletError | undefined;
  #hasReader = false;
  #wake: (() => void) | undefined;

  get ended(): boolean {
    return this.#ended;
  }

  push(events: readonly TranscriptEvent[]): void {
    for (const event of events) {
      this.#waiting.push(event);
      if (event.type === 'partial') this.#waitingPartials++;
    }
    if (this.#waitingPartials > MAX_WAITING_PARTIALS) {
      this.#waiting = this.#waiting.filter((event) => event.type === 'final');
      this.#waitingPartials = 0;
    }
    this.#wake?.();
  }

  /** No more events follow. With an error, the reader meets it after the events before it. */
  end(error?: ParrotletError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  /** Reads to the end, or until the reader leaves; another may then go on from there. */
  async *read(): AsyncGenerator<TranscriptEvent, void, undefined> {
    if (this.#hasReader) {
      throw new ParrotletError(
        'INVALID_ARGUMENT',
        'Expected one reader of the events of a session, but a second one came. Read them in ' +
          'one place (for await or session.readable) and pass them on from there.',
      );
    }
    this.#hasReader = true;
    try {
      for (;;) {
        const event = this.#waiting.shift();
        if (event) {
          if (event.type === 'partial') this.#waitingPartials--;
          yield event;
        } else if (this.#ended) {
          if (this.#error) throw this.#error;
          return;
        } else {
          await new Promise<void>((wake) => {
            this.#wake = wake;
          });
        }
      }
    } finally {
      this.#hasReader = false;
    }
  }
}
