// Transcribes a whole file or recording in one call.
import { unlessAborted } from './abort.js';
import type { AudioStream } from './audio/audio-stream.js';
import { type AudioSource, openAudio } from './audio/open-audio.js';
import type { Transcript, TranscriptEvent } from './events/types.js';
import type { Model } from './model.js';
import type { Session } from './session.js';
import type { SessionOptions } from './session-options.js';

export interface TranscribeOptions
  extends Omit<SessionOptions, 'sampleRate' | 'channels' | 'encoding' | 'maxQueuedSeconds'> {
  /** Report text while a segment goes on. Default false. */
  readonly partials?: boolean;
  /**
   * Default: `segment` if the model can and neither partials nor `lookAheadMs` nor `secondPass` are asked
   * for, else the model's.
   */
  readonly chunkMs?: number | 'segment';
  /** A promise that it returns is waited for before the next event. */
  readonly onEvent?: (event: TranscriptEvent) => unknown;
  /** `secondsTotal` is undefined when the source does not tell its length. */
  readonly onProgress?: (progress: TranscribeProgress) => void;
}

/** Seconds of audio recognized so far, and in all. */
export interface TranscribeProgress {
  readonly secondsDone: number;
  readonly secondsTotal: number | undefined;
}

/**
 * Transcribes a recording, reading it at the pace of the engine, so that memory stays small however
 * long it is.
 *
 * @param source - Path or `file:` URL of an audio file, its bytes, or an open stream of samples.
 * @throws {ParrotletError} as `Session.write` does; `AUDIO_UNSUPPORTED`, `AUDIO_MALFORMED`,
 *   `AUDIO_TRUNCATED` or `IO_ERROR` if the source cannot be read. An error of a callback ends the
 *   call and is passed on. A call that fails does not wait for a source that is silent.
 */
export async function transcribe(
  model: Model,
  source: AudioSource,
  options: TranscribeOptions = {},
): Promise<Transcript> {
  const { onEvent, onProgress, signal } = options;
  const opening = openAudio(source);
  const audio = await unlessAborted(opening, signal, (late) => void late.close().catch(() => {}));
  let session: Session | undefined;
  try {
    session = model.createSession(sessionOptionsOf(model, options, audio));
    // Together, so that the first failure of either is the one that is passed on.
    const work = Promise.all([
      feed(session, audio, onProgress),
      onEvent && listen(session, onEvent),
    ]);
    const [transcript] = await unlessAborted(work, signal);
    await audio.close();
    return transcript;
  } catch (error) {
    // The source may wait for bytes that never come, and is only closed after them.
    void audio.close().catch(() => {});
    throw error;
  } finally {
    await session?.close();
  }
}

function sessionOptionsOf(
  model: Model,
  options: TranscribeOptions,
  { sampleRate, channels }: AudioStream,
): SessionOptions {
  const { onEvent, onProgress, ...sessionOptions } = options;
  const partials = options.partials ?? false;
  return { ...sessionOptions, ...defaultChunk(model, options), partials, sampleRate, channels };
}

// Where nobody waits for partial texts, the encoder may hear each segment as a whole.
function defaultChunk(
  { info }: Model,
  { chunkMs, lookAheadMs, partials, secondPass }: TranscribeOptions,
): Pick<SessionOptions, 'chunkMs'> {
  const asksForChunks = lookAheadMs !== undefined || partials || secondPass;
  const isChosen = chunkMs !== undefined || asksForChunks;
  if (isChosen || !info.wholeSegments || info.chunkMs.length === 0) return {};
  return { chunkMs: 'segment' };
}

async function feed(
  session: Session,
  { sampleRate, channels, durationSeconds, chunks }: AudioStream,
  onProgress: TranscribeOptions['onProgress'],
): Promise<Transcript> {
  let frames = 0;
  for await (const chunk of chunks) {
    await session.write(chunk);
    frames += chunk.length / channels;
    onProgress?.({ secondsDone: frames / sampleRate, secondsTotal: durationSeconds });
  }
  return session.finish();
}

async function listen(
  events: AsyncIterable<TranscriptEvent>,
  onEvent: NonNullable<TranscribeOptions['onEvent']>,
): Promise<void> {
  for await (const event of events) await onEvent(event);
}
