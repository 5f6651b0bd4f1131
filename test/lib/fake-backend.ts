// An engine made of a few lines: it says how many samples it heard. Tests hold it up at will.
import type {
  BackendModel,
  BackendSession,
  BackendSessionOptions,
  StepResult,
} from '../../lib/backend/backend.js';
import type { EndReason, TranscriptEvent } from '../../lib/events/types.js';
import { Model } from '../../lib/model.js';
import type { Session } from '../../lib/session.js';
import type { SessionOptions } from '../../lib/session-options.js';

export const SAMPLE_RATE = 16000;

/** An event with the fields that most tests do not look at. */
export function fakeEvent(fields: Partial<TranscriptEvent>): TranscriptEvent {
  return {
    ...{ type: 'partial', segment: 0, revision: 0, text: '', stableText: '' },
    ...{ start: 0, end: 0, words: [], audioProcessed: 0 },
    ...fields,
  } as TranscriptEvent;
}

/** Each write makes one partial; the end of input makes one final, in two steps. */
export class FakeSession implements BackendSession {
  readonly calls: string[] = [];
  readonly pieces: Float32Array[] = [];
  /** When set, the next calls wait for it. */
  gate: Promise<void> | undefined;
  /** When set, the next call fails with it. */
  failure: Error | undefined;
  running = 0;
  closes = 0;
  #revision = 0;
  #flushed = false;

  constructor(readonly options: BackendSessionOptions) {}

  get heard(): number {
    return this.pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  describe(): string {
    return JSON.stringify({
      stateBytes: 1234,
      algorithmicDelayMs: 100,
      chunkMs: this.options.chunkFrames === -1 ? -1 : 648,
      lookAheadMs: Math.max(0, this.options.lookAheadFrames) * 24,
      sampleRate: this.options.sampleRate || SAMPLE_RATE,
      channels: this.options.channels || 1,
    });
  }

  write(samples: Float32Array): Promise<StepResult> {
    return this.#call(`write ${samples.length}`, () => {
      this.pieces.push(samples.slice());
      return { events: [this.#event('partial')], done: false, seconds: 0.001 };
    });
  }

  /** One final, and in a second step the end. */
  endSegment(): Promise<StepResult> {
    return this.#call('endSegment', () => {
      const events = this.#flushed ? [] : [this.#event('final', 'forced')];
      this.#flushed = !this.#flushed;
      return { events, done: !this.#flushed, seconds: 0.001 };
    });
  }

  finish(): Promise<StepResult> {
    return this.#call('finish', () => {
      const events = this.#flushed ? [] : [this.#event('final')];
      this.#flushed = !this.#flushed;
      return { events, done: !this.#flushed, seconds: 0.001 };
    });
  }

  async reset(): Promise<void> {
    await this.#call('reset', () => {
      this.pieces.length = 0;
      this.#revision = 0;
      this.#flushed = false;
      return { events: [], done: false, seconds: 0 };
    });
  }

  memory(): ReturnType<BackendSession['memory']> {
    return { values: new Float32Array(0), frames: 0, dim: 0 };
  }

  observe(): void {
    this.calls.push('observe');
  }

  moments(): ReturnType<BackendSession['moments']> {
    return { values: new Float32Array(0), inputs: 0, rows: 0 };
  }

  close(): void {
    if (this.running > 0) throw new Error('closed in the middle of a call');
    this.calls.push('close');
    this.closes++;
  }

  #event(type: 'partial' | 'final', reason: EndReason = 'end'): TranscriptEvent {
    const text = `${this.heard}`;
    return fakeEvent({
      type,
      text,
      stableText: type === 'final' ? text : '',
      revision: this.#revision++,
      ...(type === 'final' && { reason }),
    });
  }

  async #call(name: string, result: () => StepResult): Promise<StepResult> {
    if (this.running > 0) throw new Error('two calls at once');
    if (this.closes > 0) throw new Error('called after close');
    this.calls.push(name);
    this.running++;
    try {
      await this.gate;
      await new Promise(setImmediate);
      const { failure } = this;
      this.failure = undefined;
      if (failure) throw failure;
      return result();
    } finally {
      this.running--;
    }
  }
}

/** Remembers the sessions it opened. */
export class FakeModel implements BackendModel {
  readonly sessions: FakeSession[] = [];
  closes = 0;

  describe(): string {
    return JSON.stringify({
      ...{ version: 1, name: 'fake', sampleRate: SAMPLE_RATE, maxSegmentSeconds: 20 },
      ...{ output: 'ctc', encoder: { dim: 8 }, card: { licence: 'none' } },
      ...{ fileBytes: 10, weightBytes: 20, parameters: 30, bits: { 4: 30 }, target: 'scalar' },
      ...{ frameSeconds: 0.024, algorithmicDelayMs: 100, chunkMs: [312, 648] },
      ...{ defaultChunkMs: 648, defaultLookAheadMs: 0, wholeSegments: true },
    });
  }

  openSession(options: BackendSessionOptions): BackendSession {
    const session = new FakeSession(options);
    this.sessions.push(session);
    return session;
  }

  close(): void {
    this.closes++;
  }
}

/** A session of the public kind over a fake one. */
export function openFake(options?: SessionOptions): { session: Session; engine: FakeSession } {
  const backend = new FakeModel();
  const session = new Model(backend).createSession(options);
  return { session, engine: backend.sessions[0]! };
}

/** A promise and the function that fulfils it. */
export function gate(): { closed: Promise<void>; open: () => void } {
  let open = () => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open };
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}
