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
  /** Report text while the segment goes on. Default true. */
  readonly partials?: boolean;
  /** Let a pause end a segment. Default true. */
  readonly pauses?: boolean;
  /** Silence that ends a segment, in seconds, above 0. Default 0.8. */
  readonly pauseSeconds?: number;
  /** A segment ends at this length, in seconds, above 0. Default: the model's, which is the most. */
  readonly maxSegmentSeconds?: number;
  /** Hypotheses kept by the search, 1 (greedy, the default) to 8. */
  readonly beam?: number;
  /** Find the times of words. Default true. */
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
  partials: flag,
  pauses: flag,
  pauseSeconds: positive,
  maxSegmentSeconds: positive,
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
      noPartials: options.partials === false,
      noPauses: options.pauses === false,
      pauseSeconds: options.pauseSeconds ?? 0,
      maxSegmentSeconds: options.maxSegmentSeconds ?? 0,
      beam: options.beam ?? 0,
      keepLoops: options.keepLoops === true,
      noWords: options.words === false,
    },
  };
}

function chunkFrames(chunkMs: number | 'segment' | undefined, info: ModelInfo): number {
  if (chunkMs === undefined) return 0;
  if (chunkMs === 'segment') return -1;
  const choices = [...info.chunkMs, "'segment'"].join(', ');
  expectArgument(info.chunkMs.includes(chunkMs), 'chunkMs', `one of ${choices}`, chunkMs);
  return Math.round(chunkMs / 1000 / info.frameSeconds);
}
