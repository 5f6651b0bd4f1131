// The options of a session, their check, and what they mean to the engine.
import type { BackendSessionOptions } from './backend/backend.js';
import { expectArgument } from './errors.js';
import type { ModelInfo } from './model-info.js';
import type { PcmEncoding } from './pcm.js';

/** How a session reads its audio and what it reports. */
export interface SessionOptions {
  /** Of the audio that will be written, in Hz, 8000 to 48000. Default: the model's. */
  readonly sampleRate?: number;
  /** Interleaved channels, 1 to 8, which are averaged. Default 1. */
  readonly channels?: number;
  /** How bytes hold samples. Default `s16le`. */
  readonly encoding?: PcmEncoding;
  /**
   * Audio that the encoder takes at a time, in ms: one of `model.info.chunkMs`, or `segment` for the
   * whole segment at once (most accurate, not live). Default: the model's.
   */
  readonly chunkMs?: number | 'segment';
  /**
   * The end of each chunk, in ms, that the encoder hears again beside the next chunk: texts come as
   * soon as without, and are corrected by what followed, for as much more computing as the part of a
   * chunk that this is. Rounded to frames of `model.info.frameSeconds`, up to 256 of them. Default:
   * the model's; 0: none.
   */
  readonly lookAheadMs?: number;
  /** Report text while the segment goes on. Default true. */
  readonly partials?: boolean;
  /** Let sound begin a segment and a pause end it. Default true. */
  readonly pauses?: boolean;
  /** Silence that ends a segment, in seconds, 0.1 to 10. Default 0.8. */
  readonly pauseSeconds?: number;
  /**
   * Silence that ends a segment which is nearly full, in seconds, 0.05 to `pauseSeconds`: from half
   * of `maxSegmentSeconds` on ever shorter pauses will do. Default 0.15.
   */
  readonly leastPauseSeconds?: number;
  /**
   * A segment with less sound in it than this, in seconds up to 5 and to `maxSegmentSeconds`, is
   * dropped and nothing is said of it. Default 0.1; without effect where `pauses` is false.
   */
  readonly minSpeechSeconds?: number;
  /**
   * A segment ends at this length, in seconds, 2 to the model's `maxSegmentSeconds`, the default.
   */
  readonly maxSegmentSeconds?: number;
  /**
   * A segment is reported once the mean confidence of its words is this, 0 to 1; one that never gets
   * there is taken for noise or music and dropped. Default: the model's (0 if it gives none).
   */
  readonly minConfidence?: number;
  /**
   * When a segment ends, hear it again as a whole: the final is then as accurate as with `chunkMs:
   * 'segment'`, and may correct words that were stable (two passes: Narayanan et al., "Cascaded
   * encoders for unifying streaming and non-streaming ASR", 2021). Needs a model with chunks to choose
   * and `wholeSegments`. Default false.
   */
  readonly secondPass?: boolean;
  /**
   * Hypotheses kept by the search, 1 (greedy) to 8. Default: 4 where a segment is searched as a whole
   * (`chunkMs: 'segment'`, `partials: false`, the final of `secondPass`), else 1. With a number partial
   * texts are searched so as well, which makes them dearer and takes longer with every chunk.
   */
  readonly beam?: number;
  /** Find the times of words; without, each has those of its segment. Default true. */
  readonly words?: boolean;
  /** Keep repetitions that look like the model going in circles. Default false. */
  readonly keepLoops?: boolean;
  /** Closes the session when it fires; calls that wait reject with `ABORTED`. */
  readonly signal?: AbortSignal;
  /** Audio that may wait for the engine, in seconds, above 0. Default 30. */
  readonly maxQueuedSeconds?: number;
}

/** The checked options, defaults filled in; fields of `backend` are 0 where the engine chooses. */
export interface ResolvedSessionOptions {
  readonly encoding: PcmEncoding;
  readonly signal: AbortSignal | undefined;
  readonly maxQueuedSeconds: number;
  readonly backend: BackendSessionOptions;
}

type Check = (value: unknown) => boolean;
type Rule = readonly [expected: string, check: Check];

const between = (low: number, high: number, unit: string): Rule => [
  `a number of ${unit} from ${low} to ${high}`,
  (value) => typeof value === 'number' && value >= low && value <= high,
];
const integer = (low: number, high: number): Rule => [
  `an integer from ${low} to ${high}`,
  (value) => Number.isInteger(value) && Number(value) >= low && Number(value) <= high,
];
const positive: Rule = [
  'a finite number of seconds above 0',
  (value) => Number.isFinite(value) && Number(value) > 0,
];
const flag: Rule = ['true or false', (value) => typeof value === 'boolean'];

const rules: Record<keyof SessionOptions, Rule> = {
  sampleRate: between(8000, 48000, 'Hz'),
  channels: integer(1, 8),
  encoding: ["'s16le' or 'f32le'", (value) => value === 's16le' || value === 'f32le'],
  chunkMs: ["a number of ms or 'segment'", (v) => v === 'segment' || Number.isFinite(v)],
  lookAheadMs: ['a number of ms, 0 or more', (v) => Number.isFinite(v) && Number(v) >= 0],
  partials: flag,
  pauses: flag,
  pauseSeconds: between(0.1, 10, 'seconds'),
  leastPauseSeconds: between(0.05, 10, 'seconds'),
  minSpeechSeconds: between(0, 5, 'seconds'),
  maxSegmentSeconds: positive,
  minConfidence: ['a number from 0 to 1', (v) => typeof v === 'number' && v >= 0 && v <= 1],
  secondPass: flag,
  beam: integer(1, 8),
  words: flag,
  keepLoops: flag,
  signal: ['an AbortSignal', (value) => value instanceof AbortSignal],
  maxQueuedSeconds: positive,
};

/**
 * Checks every option, also for callers without TypeScript; an unknown one is an error too, since a
 * misspelt option would otherwise change nothing in silence.
 *
 * @throws {ParrotletError} `INVALID_ARGUMENT`
 */
export function resolveSessionOptions(
  options: SessionOptions,
  info: ModelInfo,
): ResolvedSessionOptions {
  expectArgument(typeof options === 'object' && options !== null, 'options', 'an object', options);
  for (const [name, value] of Object.entries(options)) {
    const known = Object.hasOwn(rules, name);
    expectArgument(known, 'the name of an option', `one of ${Object.keys(rules).join(', ')}`, name);
    const [expected, check] = rules[name as keyof SessionOptions];
    expectArgument(value === undefined || check(value), name, expected, value);
  }
  return {
    encoding: options.encoding ?? 's16le',
    signal: options.signal,
    maxQueuedSeconds: options.maxQueuedSeconds ?? 30,
    backend: {
      sampleRate: options.sampleRate ?? 0,
      channels: options.channels ?? 0,
      chunkFrames: chunkFrames(options.chunkMs, info),
      lookAheadFrames: lookAheadFrames(options.lookAheadMs, info),
      noPartials: options.partials === false,
      noPauses: options.pauses === false,
      pauseSeconds: options.pauseSeconds ?? 0,
      leastPauseSeconds: options.leastPauseSeconds ?? 0,
      minSpeechSeconds: zeroOr(options.minSpeechSeconds),
      maxSegmentSeconds: options.maxSegmentSeconds ?? 0,
      minConfidence: zeroOr(options.minConfidence),
      beam: options.beam ?? 0,
      keepLoops: options.keepLoops === true,
      noWords: options.words === false,
      secondPass: options.secondPass === true,
    },
  };
}

/** To the engine 0 stands for the default, and -1 for 0. */
function zeroOr(value: number | undefined): number {
  return value === 0 ? -1 : (value ?? 0);
}

function chunkFrames(chunkMs: number | 'segment' | undefined, info: ModelInfo): number {
  if (chunkMs === undefined) return 0;
  if (chunkMs === 'segment') return -1;
  const choices = [...info.chunkMs, "'segment'"].join(', ');
  expectArgument(info.chunkMs.includes(chunkMs), 'chunkMs', `one of ${choices}`, chunkMs);
  return Math.round(chunkMs / 1000 / info.frameSeconds);
}

function lookAheadFrames(lookAheadMs: number | undefined, info: ModelInfo): number {
  if (lookAheadMs === undefined) return 0;
  return zeroOr(Math.round(lookAheadMs / 1000 / info.frameSeconds));
}
