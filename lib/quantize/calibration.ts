// Runs the float model over audio and gathers the second moments of every matrix's inputs.
import type { AudioStream } from '../audio/audio-stream.js';
import { openAudio } from '../audio/open-audio.js';
import type { BackendModel, BackendSession, BackendSessionOptions } from '../backend/backend.js';
import { ParrotletError, throwIfAborted } from '../errors.js';
import { addMoments, type SecondMoments } from './second-moments.js';

// As a file is transcribed when only its text is wanted; 0 asks for the default.
const OPTIONS: Omit<BackendSessionOptions, 'sampleRate' | 'channels'> = {
  chunkFrames: 0,
  lookAheadFrames: -1,
  noPartials: true,
  noPauses: false,
  pauseSeconds: 0,
  leastPauseSeconds: 0,
  maxSegmentSeconds: 0,
  minSpeechSeconds: 0,
  minConfidence: 0,
  beam: 1,
  keepLoops: false,
  noWords: true,
  secondPass: false,
};

// Files are dealt out to so many sessions, which run beside each other. On every machine as many, since moments
// are sums of floats, whose last bits the order decides.
const SESSIONS = 4;

export interface CalibrationHooks {
  /** Told how many of the files are done; parts of one count where its length is known. */
  readonly onProgress: (filesDone: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** What the audio said of every matrix's inputs. Close it when done. */
export class Calibration {
  readonly #sessions = new Map<string, BackendSession>();
  readonly #seconds: number[]; // of each file

  private constructor(files: number) {
    this.#seconds = new Array<number>(files).fill(0);
  }

  /**
   * Transcribes the files, which are WAV, FLAC, Ogg Opus or MP3.
   *
   * @throws ParrotletError those of `openAudio` and of sessions, naming the file; `ABORTED`.
   */
  static async run(
    model: BackendModel,
    files: readonly string[],
    { onProgress, signal }: CalibrationHooks,
  ): Promise<Calibration> {
    const calibration = new Calibration(files.length);
    const shares = new Array<number>(files.length).fill(0);
    const failures: unknown[] = [];
    const failed = new AbortController();
    const hearEvery = async (lane: number): Promise<void> => {
      for (let i = lane; i < files.length; i += SESSIONS) {
        const onShare = (share: number): void => {
          throwIfAborted(signal);
          throwIfAborted(failed.signal);
          shares[i] = share;
          onProgress(sum(shares));
        };
        await calibration.#hear(model, files[i]!, i, onShare).catch((error: unknown) => {
          throw named(files[i]!, error);
        });
      }
    };
    const lanes = Array.from({ length: SESSIONS }, (_, lane) =>
      hearEvery(lane).catch((error: unknown) => {
        failures.push(error);
        failed.abort();
      }),
    );
    await Promise.all(lanes);
    if (failures.length === 0) return calibration;
    calibration.close();
    throw failures[0];
  }

  /** Seconds of audio that were heard. */
  get seconds(): number {
    return sum(this.#seconds);
  }

  /**
   * Second moments of the inputs of matrix `name`.
   *
   * @throws ParrotletError `INVALID_ARGUMENT` where no audio reached the matrix.
   */
  momentsOf(name: string): SecondMoments {
    const keys = [...this.#sessions.keys()].sort(); // not as they happened to open
    const moments = addMoments(keys.map((key) => this.#sessions.get(key)!.moments(name)));
    if (moments.values.some((value) => value > 0)) return moments;
    throw new ParrotletError(
      'INVALID_ARGUMENT',
      `The calibration audio (${this.seconds.toFixed(1)} s) never reached "${name}". Calibrate ` +
        'with a few minutes of clear speech.',
    );
  }

  /** Frees what was gathered. */
  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  // `onShare` is told the share of the file that is done, and throws where the rest is not wanted.
  async #hear(
    model: BackendModel,
    file: string,
    index: number,
    onShare: (share: number) => void,
  ): Promise<void> {
    const audio = await openAudio(file);
    try {
      onShare(0);
      const session = this.#sessionFor(model, audio, index % SESSIONS);
      await session.reset();
      let frames = 0;
      for await (const piece of audio.chunks) {
        await session.write(piece);
        frames += piece.length / audio.channels;
        const seconds = frames / audio.sampleRate;
        onShare(audio.durationSeconds ? Math.min(1, seconds / audio.durationSeconds) : 0);
      }
      while (!(await session.finish()).done) onShare(1);
      this.#seconds[index] = frames / audio.sampleRate;
      onShare(1);
    } finally {
      await audio.close();
    }
  }

  // One session for all files of a lane, a rate and number of channels: its moments outlive a reset.
  #sessionFor(
    model: BackendModel,
    { sampleRate, channels }: AudioStream,
    lane: number,
  ): BackendSession {
    const key = `${lane}: ${sampleRate}/${channels}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    const session = model.openSession({ ...OPTIONS, sampleRate, channels });
    this.#sessions.set(key, session);
    session.observe();
    return session;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function named(file: string, error: unknown): unknown {
  if (!ParrotletError.is(error) || error.code === 'ABORTED') return error;
  return new ParrotletError(error.code, `${file}: ${error.message}`, { cause: error });
}
