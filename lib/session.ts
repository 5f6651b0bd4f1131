// One stream of speech: queues calls for the engine and hands out what it says.
import { onAbort } from './abort.js';
import type { BackendSession, StepResult } from './backend/backend.js';
import { abortError, ParrotletError } from './errors.js';
import { EventQueue } from './events/event-queue.js';
import { toTranscript } from './events/transcript.js';
import type { FinalEvent, Transcript, TranscriptEvent } from './events/types.js';
import { type PcmInput, PcmReader } from './pcm.js';
import { SerialQueue } from './serial-queue.js';
import type { ResolvedSessionOptions } from './session-options.js';

/** Audio handed to the engine at a time: bounds how long an event, or a close, has to wait. */
const PIECE_SECONDS = 1;

/**
 * Recognizes one stream of speech as it arrives.
 *
 * Weights are shared with every other session of the model; a session holds `stateBytes` of its own,
 * however long the stream, and the words of its finals for the transcript (some 200 bytes a word) until
 * it is reset. Calls may be made without waiting for the one before: they take effect in order. Nothing
 * is computed on the event loop's thread.
 *
 * @example
 * await using session = model.createSession({ sampleRate: 48000 });
 * microphone.on('data', (bytes) => session.write(bytes).catch(report));
 * for await (const event of session) console.log(event.type, event.text);
 */
export class Session implements AsyncIterable<TranscriptEvent> {
  /** Memory of this session; it does not grow. */
  readonly stateBytes: number;
  /** Delay that no faster CPU removes, in ms. */
  readonly algorithmicDelayMs: number;
  /** Audio that the encoder takes at a time, in ms. */
  readonly chunkMs: number | 'segment';
  /** The end of each chunk that is heard again beside the next one, in ms. */
  readonly lookAheadMs: number;

  readonly #backend: BackendSession;
  readonly #options: ResolvedSessionOptions;
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #pcm: PcmReader;
  readonly #calls = new SerialQueue();
  #events = new EventQueue();
  #finals: FinalEvent[] = [];
  #framesTaken = 0;
  #processingSeconds = 0;
  #queuedFrames = 0;
  #finished: Promise<Transcript> | undefined;
  #closed: Promise<void> | undefined;
  #closedBy: ParrotletError | undefined;
  #readable: ReadableStream<TranscriptEvent> | undefined;
  #writable: WritableStream<PcmInput> | undefined;
  #stopWatching = () => {};

  /** @internal Use `model.createSession`. */
  constructor(backend: BackendSession, options: ResolvedSessionOptions) {
    this.#backend = backend;
    this.#options = options;
    const facts = JSON.parse(backend.describe()) as {
      stateBytes: number;
      algorithmicDelayMs: number;
      chunkMs: number; // -1: the segment at once; 0: the model does not work in chunks
      lookAheadMs: number;
      sampleRate: number;
      channels: number;
    };
    this.stateBytes = facts.stateBytes;
    this.algorithmicDelayMs = facts.algorithmicDelayMs;
    this.chunkMs = facts.chunkMs < 0 ? 'segment' : facts.chunkMs;
    this.lookAheadMs = facts.lookAheadMs;
    this.#sampleRate = facts.sampleRate;
    this.#channels = facts.channels;
    this.#pcm = new PcmReader(options.encoding, facts.channels);
    this.#watchSignal();
  }

  /**
   * Feeds audio; the array is copied before this returns and may be reused.
   *
   * @param pcm - Interleaved samples of any length: floats in [-1, 1], 16-bit integers, or bytes in
   *   `options.encoding`, which may be cut anywhere, also inside a sample.
   * @returns Resolves when the engine has worked on all of it; waiting for that keeps the pace of
   *   the engine.
   * @throws {ParrotletError} `INVALID_ARGUMENT` if `pcm` is no audio; `PCM_NON_FINITE`;
   *   `BACKPRESSURE` if audio is waiting and this would make it more than `maxQueuedSeconds`;
   *   `SESSION_FINISHED` after `finish()`; `SESSION_CLOSED`; `ABORTED`. In the first three cases
   *   nothing of `pcm` was taken and the session goes on.
   */
  async write(pcm: PcmInput): Promise<void> {
    this.#expectOpen();
    this.#expectUnfinished();
    this.#expectRoomFor(this.#pcm.frames(pcm));
    const samples = this.#pcm.read(pcm);
    const frames = samples.length / this.#channels;
    const events = this.#events;
    this.#queuedFrames += frames;
    try {
      await this.#calls.run(() => this.#feed(samples, events));
    } finally {
      this.#queuedFrames -= frames;
    }
  }

  /**
   * Ends the segment in progress with the audio written before (to 10 ms), for example when somebody
   * lets go of a button: what was said becomes final. The session goes on. Without a segment it does
   * nothing.
   *
   * @throws {ParrotletError} `SESSION_FINISHED` after `finish()`; `SESSION_CLOSED`; `ABORTED`.
   */
  async endSegment(): Promise<void> {
    this.#expectOpen();
    this.#expectUnfinished();
    const events = this.#events;
    await this.#calls.run(async () => {
      this.#expectOpen();
      for (let done = false; !done; ) {
        done = await this.#step(() => this.#backend.endSegment(), events);
      }
    });
  }

  /**
   * Says that no more audio follows, and works on what is left. Iteration then ends.
   *
   * @returns Everything since the session was opened or reset; the same promise when called again.
   * @throws {ParrotletError} `SESSION_CLOSED`; `ABORTED`.
   */
  finish(): Promise<Transcript> {
    this.#finished ??= this.#finish(this.#events);
    return this.#finished;
  }

  /**
   * Starts over, as if just opened, after the calls made before. Times start at zero again. After
   * `finish()` the events to come, and `readable` and `writable`, are new ones from here on.
   *
   * @throws {ParrotletError} `SESSION_CLOSED`; `ABORTED`.
   */
  async reset(): Promise<void> {
    this.#expectOpen();
    if (this.#finished) {
      this.#finished = undefined;
      this.#events = new EventQueue();
      this.#readable = undefined;
      this.#writable = undefined;
    }
    this.#pcm.reset();
    await this.#calls.run(async () => {
      this.#expectOpen();
      await this.#orClose(() => this.#backend.reset());
      this.#finals = [];
      this.#framesTaken = 0;
      this.#processingSeconds = 0;
    });
  }

  /**
   * Frees the session. Calls that wait reject with `SESSION_CLOSED` and iteration ends; audio that
   * the engine is working on (at most a second of it) is worked on first. Calling it again does
   * nothing.
   */
  close(): Promise<void> {
    return this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * The events, from the first not yet read to the end of the stream. There is one reader at a time.
   * Text that nobody reads is kept, but partials are dropped beyond some thousands.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<TranscriptEvent> {
    return this.#events.read();
  }

  /** The events as a Web stream; taking it counts as reading them. */
  get readable(): ReadableStream<TranscriptEvent> {
    this.#readable ??= readableFrom(this[Symbol.asyncIterator]());
    return this.#readable;
  }

  /**
   * Takes audio as a Web stream: its end finishes the session. Its failure, or that of a write, closes
   * the session, and whoever reads the events meets the error.
   */
  get writable(): WritableStream<PcmInput> {
    this.#writable ??= new WritableStream({
      write: (pcm) => this.#orClose(() => this.write(pcm)),
      close: async () => void (await this.finish()),
      abort: (reason) => this.#close(brokenStream(reason)),
    });
    return this.#writable;
  }

  async #finish(events: EventQueue): Promise<Transcript> {
    try {
      return await this.#calls.run(async () => {
        this.#expectOpen();
        for (let done = false; !done; ) {
          done = await this.#step(() => this.#backend.finish(), events);
        }
        events.end();
        return toTranscript(
          this.#finals,
          this.#framesTaken / this.#sampleRate,
          this.#processingSeconds,
        );
      });
    } catch (error) {
      events.end(this.#closedBy); // where reset() has begun new ones meanwhile
      throw error;
    }
  }

  // A signal may outlive many sessions, and must keep none of them in memory.
  #watchSignal(): void {
    const { signal } = this.#options;
    if (!signal) return;
    const session = new WeakRef<Session>(this);
    this.#stopWatching = onAbort(signal, () => {
      const found = session.deref();
      if (found) void found.#close(abortError(signal));
    });
  }

  async #feed(samples: Float32Array, events: EventQueue): Promise<void> {
    const piece = Math.ceil(PIECE_SECONDS * this.#sampleRate) * this.#channels;
    this.#expectOpen();
    for (let at = 0; at < samples.length; at += piece) {
      await this.#step(() => this.#backend.write(samples.subarray(at, at + piece)), events);
    }
    this.#framesTaken += samples.length / this.#channels;
  }

  /** One call into the engine: passes its events on and returns whether the input has ended. */
  async #step(call: () => Promise<StepResult>, queue: EventQueue): Promise<boolean> {
    const { events, done, seconds } = await this.#orClose(call);
    this.#expectOpen();
    this.#processingSeconds += seconds;
    for (const event of events) if (event.type === 'final') this.#finals.push(event);
    queue.push(events);
    return done;
  }

  /** An engine that failed in the middle of a stream cannot go on with it. */
  async #orClose<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      void this.#close(error as ParrotletError);
      throw error;
    }
  }

  #close(error?: ParrotletError): Promise<void> {
    this.#closedBy ??= error;
    this.#closed ??= this.#calls.run(async () => this.#backend.close());
    this.#events.end(error);
    this.#stopWatching();
    return this.#closed;
  }

  #expectOpen(): void {
    if (!this.#closed) return;
    throw (
      this.#closedBy ??
      new ParrotletError(
        'SESSION_CLOSED',
        'The session was closed. Make a new one with model.createSession().',
      )
    );
  }

  #expectUnfinished(): void {
    if (!this.#finished) return;
    throw new ParrotletError(
      'SESSION_FINISHED',
      'The session was told by finish() that no more audio follows. Call reset() to start over.',
    );
  }

  #expectRoomFor(frames: number): void {
    const most = this.#options.maxQueuedSeconds;
    const seconds = (this.#queuedFrames + frames) / this.#sampleRate;
    if (this.#queuedFrames === 0 || seconds <= most) return;
    throw new ParrotletError(
      'BACKPRESSURE',
      `Expected at most ${most} s of audio to wait for the engine, but this write would make it ` +
        `${seconds.toFixed(1)} s. Await the promise of write() before the next one, or raise ` +
        'maxQueuedSeconds.',
    );
  }
}

function brokenStream(reason: unknown): ParrotletError {
  const why = reason instanceof Error ? `: ${reason.message}` : '';
  return new ParrotletError(
    'IO_ERROR',
    `The stream of audio failed before its end${why}. What was said until then is no whole transcript.`,
    { cause: reason },
  );
}

function readableFrom(events: AsyncIterator<TranscriptEvent>): ReadableStream<TranscriptEvent> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await events.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void (await events.return?.()),
    },
    { highWaterMark: 0 },
  );
}
