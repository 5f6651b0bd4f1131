// Types of wer.mjs, for the tests.
export interface Score {
  readonly edits: number;
  readonly words: number;
}
export function countEdits(reference: readonly string[], hypothesis: readonly string[]): number;
export function scoreUtterance(reference: string, hypothesis: string): Score;
export function capped(score: Score): Score;
export function errorPercent(scores: readonly Score[]): number;
export function confidenceInterval(
  scores: readonly Score[],
  options?: { readonly resamples?: number; readonly seed?: number },
): [low: number, high: number];
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}
export interface Change {
  readonly difference: Estimate;
  readonly relative: Estimate;
}
export function pairedChange(
  scores: readonly Score[],
  baseline: readonly Score[],
  options?: { readonly resamples?: number; readonly seed?: number },
): Change;
