// Types of page.mjs, for the tests.
import type { Summary } from './summary.mjs';

export const GOALS: { readonly firstPartial: number; readonly stable: number };
export function streamingPage(result: {
  readonly model: string;
  readonly defaultChunkMs: number;
  readonly defaultLookAheadMs: number;
  readonly recordings: number;
  readonly recordingsInAll: number;
  readonly minutes: number;
  readonly cpu: string;
  readonly cores: number;
  readonly load: readonly number[];
  readonly jobs: number;
  readonly rows: readonly (Summary & { readonly chunkMs: number })[];
}): string;
