// Types of summary.mjs and of what page.mjs shows, for the tests.
import type { HeardEvent } from './delays.mjs';

export interface Distribution {
  readonly p50: number;
  readonly p90: number;
}
export interface WordsSummary {
  readonly wer: number;
  readonly words: number;
  readonly compared: number;
  readonly firstPartial: Distribution;
  readonly stable: Distribution;
  readonly partialWords: number;
  readonly changedPercent: number;
  readonly respelledPercent: number;
  readonly stableWordsChanged: number;
}
export interface Summary extends WordsSummary {
  readonly eventMilliseconds: Distribution;
  readonly finalMilliseconds: Distribution;
  readonly millisecondsPerSecond: number;
  readonly millisecondsPerSecondWithoutPartials: number;
  readonly secondPass: {
    readonly wer: number;
    readonly finalMilliseconds: Distribution;
    readonly millisecondsPerSecond: number;
  };
  readonly once: WordsSummary & { readonly millisecondsPerSecond: number };
}
interface PlayedLine {
  readonly events: readonly (HeardEvent & { readonly milliseconds: number })[];
  readonly text: string;
  readonly processingSeconds: number;
}
export interface HeardLine extends PlayedLine {
  readonly quietSeconds: number;
  readonly twice: PlayedLine;
  readonly once: PlayedLine;
}
export interface AlignedLine {
  readonly words: readonly { readonly text: string; readonly end: number }[];
}
export function summarize(
  recordings: readonly { readonly path: string; readonly seconds: number; readonly text: string }[],
  aligned: ReadonlyMap<string, AlignedLine>,
  heard: ReadonlyMap<string, HeardLine>,
): Summary;
