// The one error class of this package, its closed list of codes, and the argument check.

/**
 * Why a call failed. Up to `INTERNAL` the list is that of `cpp/core/status.h`, in the same order (a
 * test compares them); the rest is known to the TypeScript side alone.
 */
export const ERROR_CODES = [
  'INVALID_ARGUMENT', // an argument is outside its documented range
  'PCM_NON_FINITE', // audio holds NaN or infinity
  'MODEL_TRUNCATED', // the file ends before its header says
  'MODEL_MALFORMED', // the header is not the JSON it must be
  'MODEL_VERSION', // a format version this build does not read
  'MODEL_CHECKSUM', // the bytes are not those that were written
  'MODEL_SHAPE', // a tensor is missing, superfluous, overlapping or of the wrong shape
  'MODEL_UNSUPPORTED', // a well-formed model asks for what this build does not have
  'MODEL_TOO_LARGE', // a count or size is above its cap
  'TARGET_UNAVAILABLE', // PARROTLET_TARGET names a target this build or CPU lacks
  'IO_ERROR', // the operating system or the network refused a read
  'OUT_OF_MEMORY',
  'SESSION_FINISHED', // audio after finish(); reset() starts over
  'INTERNAL', // a defect of this package
  'SESSION_CLOSED', // the session or model was used after close()
  'ABORTED', // an AbortSignal fired; such an error is named AbortError
  'BACKPRESSURE', // more audio is queued than maxQueuedSeconds allows
  'BACKEND_UNAVAILABLE', // no build of the engine loads on this machine
  'AUDIO_UNSUPPORTED', // an audio file of a kind that is not read
  'AUDIO_MALFORMED', // an audio file that contradicts its own format
  'AUDIO_TRUNCATED', // an audio file that ends before its header says
  'MODEL_NOT_FOUND', // no model at the given path or URL
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

const marker = Symbol.for('parrotlet.error');

/** The only error class this package throws. Branch on `code`; `message` is for people. */
export class ParrotletError extends Error {
  /** `AbortError` when `code` is `ABORTED`, as the platform's own aborts are named. */
  override readonly name: 'ParrotletError' | 'AbortError';
  readonly code: ErrorCode;
  readonly [marker] = true;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = code === 'ABORTED' ? 'AbortError' : 'ParrotletError';
  }

  /** Like `instanceof`, but also true across copies and module formats of this package. */
  static is(value: unknown): value is ParrotletError {
    return typeof value === 'object' && value !== null && marker in value;
  }
}

/**
 * Throws `INVALID_ARGUMENT` with one wording everywhere: what was expected, what came.
 *
 * @param expected - what `name` must be, as a noun phrase; say there what to do, if it is not plain.
 */
export function expectArgument(
  ok: boolean,
  name: string,
  expected: string,
  actual: unknown,
): asserts ok {
  if (ok) return;
  throw new ParrotletError(
    'INVALID_ARGUMENT',
    `Expected ${expected} for ${name}, but received ${describeValue(actual)}.`,
  );
}

/** Throws `ABORTED`, with the signal's reason as cause, when `signal` has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** The error that calls reject with when `signal` fires. */
export function abortError(signal: AbortSignal): ParrotletError {
  return new ParrotletError('ABORTED', 'The operation was aborted by its AbortSignal.', {
    cause: signal.reason,
  });
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) {
    return `an object (${value.constructor?.name ?? 'no prototype'})`;
  }
  return value === undefined || value === null ? String(value) : `a ${typeof value}`;
}
