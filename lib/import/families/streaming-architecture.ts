// What a streaming checkpoint says of its encoder, in its metadata's `architecture`.
import { ParrotletError } from '../../errors.js';
import type { EncoderDocument } from '../model-document.js';

/** The numbers of a streaming encoder that its tensors do not show. */
export interface StreamingArchitecture {
  /** Frames of 24 ms. */
  readonly attention: Pick<
    EncoderDocument,
    'span' | 'leftFrames' | 'chunkFrames' | 'chunkChoices' | 'lookaheadFrames' | 'layers'
  >;
  /** Weight of the running norm's prior, in frames of 4 ms. */
  readonly priorFrames: number;
}

// Of checkpoints that say nothing: the first ones were all trained so.
const UNSAID = {
  span: 'chunk',
  norm: 'running',
  left_frames: 426,
  chunk_frames: 27,
  chunk_choices: [13, 27, 53],
  lookahead: [],
  prior_frames: 64,
};

const MAX_FRAMES = 4096;

/**
 * @param text - The metadata's `architecture`, as training writes it (JSON).
 * @param layers - Blocks of the encoder.
 * @throws ParrotletError `MODEL_MALFORMED` if it is not as training writes it; `MODEL_UNSUPPORTED`
 *   for an architecture that this family does not have.
 */
export function readStreamingArchitecture(
  text: string | undefined,
  layers: number,
): StreamingArchitecture {
  const json = text === undefined ? UNSAID : parse(text);
  const { span, norm } = json;
  if ((span !== 'chunk' && span !== 'frames') || norm !== 'running') {
    throw new ParrotletError(
      'MODEL_UNSUPPORTED',
      `Expected a streaming encoder (span "chunk" or "frames", norm "running"), not span "${span}" ` +
        `with norm "${norm}".`,
    );
  }
  const leftFrames = frames(json, 'left_frames', 0);
  const priorFrames = frames(json, 'prior_frames', 1);
  if (span === 'chunk') {
    const chunkFrames = frames(json, 'chunk_frames', 1);
    const chunkChoices = list(json, 'chunk_choices', 1);
    if (!chunkChoices.includes(chunkFrames)) throw bad('chunk_frames', 'one of chunk_choices');
    const lookaheadFrames = frames({ again_frames: 0, ...json }, 'again_frames', 0);
    const blocks = Array.from({ length: layers }, () => ({ kind: 'block' }) as const);
    const chunks = { chunkFrames, chunkChoices, ...(lookaheadFrames > 0 && { lookaheadFrames }) };
    return { attention: { span, leftFrames, ...chunks, layers: blocks }, priorFrames };
  }
  const lookahead = list(json, 'lookahead', 0);
  if (lookahead.length !== layers) throw bad('lookahead', `${layers} numbers, one for each block`);
  const blocks = lookahead.map((frames) => ({ kind: 'block', lookahead: frames }) as const);
  return { attention: { span, leftFrames, layers: blocks }, priorFrames };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const json = JSON.parse(text) as unknown;
    if (typeof json === 'object' && json !== null) return json as Record<string, unknown>;
  } catch {
    // Told below, with what was expected.
  }
  throw new ParrotletError(
    'MODEL_MALFORMED',
    'The checkpoint\'s metadata "architecture" is not a JSON object, as the training writes it.',
  );
}

function frames(json: Readonly<Record<string, unknown>>, key: string, least: number): number {
  const value = json[key];
  if (isFrames(value, least)) return value;
  throw bad(key, `a whole number from ${least} to ${MAX_FRAMES}`);
}

function list(json: Readonly<Record<string, unknown>>, key: string, least: number): number[] {
  const value = json[key];
  if (Array.isArray(value) && value.every((each) => isFrames(each, least))) return value;
  throw bad(key, `whole numbers from ${least} to ${MAX_FRAMES}`);
}

function isFrames(value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= MAX_FRAMES;
}

function bad(key: string, expected: string): ParrotletError {
  return new ParrotletError(
    'MODEL_MALFORMED',
    `The checkpoint's metadata "architecture" must have ${key}: ${expected}.`,
  );
}
