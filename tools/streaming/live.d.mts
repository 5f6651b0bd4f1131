// Types of live.mjs, for the tests.
import type { Model } from '../../lib/model.js';
import type { SessionOptions } from '../../lib/session-options.js';
import type { HeardEvent } from './delays.mjs';

export const SAMPLE_RATE: number;
export const PIECE_SECONDS: number;
export const ROOM_SECONDS: number;
export function intoARoom(samples: Float32Array): Float32Array;
export function play(
  model: Model,
  samples: Float32Array,
  options: SessionOptions,
): Promise<{
  readonly events: readonly (HeardEvent & { readonly milliseconds: number })[];
  readonly text: string;
  readonly processingSeconds: number;
}>;
