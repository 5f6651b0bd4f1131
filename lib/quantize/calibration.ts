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

export interface CalibrationHooks {
  /** Told how many of the files are done; parts of one count where its length is known. */
  readonly onProgress: (filesDone: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** What the audio said of every matrix's inputs. Close it when done. */
export class Calibration {
  readonly #sessions = new Map<string, BackendSession>();
  #seconds = 0;

  private constructor() {}

  /**
   * Transcribes the files, which are WAV, FLAC, Ogg Opus or MP3.
   *
   * @throws ParrotletError those of `openAudio` and of sessions, naming the file; `ABORTED`.
   */
  static async run(
    model: BackendModel,
    files: readonly string[],
    hooks: CalibrationHooks,
  ): Promise<Calibration> {
    const calibration = new Calibration();
    try {
      for (const [i, file] of files.entries()) {
        await calibration
          .#hear(model, file, {
            ...hooks,
            onProgress: (share) => hooks.onProgress(i + share),
          })
          .catch((error: unknown) => {
            throw named(file, error);
          });
        hooks.onProgress(i + 1);
      }
      return calibration;
    } catch (error) {
      calibration.close();
      throw error;
    }
  }

  /** Seconds of audio that were heard. */
  get seconds(): number {
    return this.#seconds;
  }

  /**
   * Second moments of the inputs of matrix `name`.
   *
   * @throws ParrotletError `INVALID_ARGUMENT` where no audio reached the matrix.
   */
  momentsOf(name: string): SecondMoments {
    const parts = [...this.#sessions.values()].map((session) => session.moments(name));
    const moments = addMoments(parts);
    if (moments.values.some((value) => value > 0)) return moments;
    throw new ParrotletError(
      'INVALID_ARGUMENT',
      `The calibration audio (${this.#seconds.toFixed(1)} s) never reached "${name}". Calibrate ` +
        'with a few minutes of clear speech.',
    );
  }

  /** Frees what was gathered. */
  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  async #hear(model: BackendModel, file: string, hooks: CalibrationHooks): Promise<void> {
    const audio = await openAudio(file);
    try {
      const session = this.#sessionFor(model, audio);
      await session.reset();
      let frames = 0;
      for await (const piece of audio.chunks) {
        throwIfAborted(hooks.signal);
        await session.write(piece);
        frames += piece.length / audio.channels;
        const seconds = frames / audio.sampleRate;
        if (audio.durationSeconds) hooks.onProgress(Math.min(1, seconds / audio.durationSeconds));
      }
      while (!(await session.finish()).done) throwIfAborted(hooks.signal);
      this.#seconds += frames / audio.sampleRate;
    } finally {
      await audio.close();
    }
  }

  // One session for all files of a rate and number of channels: its moments outlive a reset.
  #sessionFor(model: BackendModel, { sampleRate, channels }: AudioStream): BackendSession {
    const key = `${sampleRate}/${channels}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    const session = model.openSession({ ...OPTIONS, sampleRate, channels });
    this.#sessions.set(key, session);
    session.observe();
    return session;
  }
}

function named(file: string, error: unknown): unknown {
  if (!ParrotletError.is(error) || error.code === 'ABORTED') return error;
  return new ParrotletError(error.code, `${file}: ${error.message}`, { cause: error });
}
