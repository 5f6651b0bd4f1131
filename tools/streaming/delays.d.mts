// Types of delays.mjs, for the tests.
export interface HeardEvent {
  readonly final: boolean;
  readonly given: number;
  readonly stable: number;
  readonly words: readonly string[];
}
export interface FollowedWord {
  readonly text: string;
  readonly first: number;
  readonly stable: number;
}
export interface Followed {
  readonly words: readonly FollowedWord[];
  readonly shown: number;
  readonly changed: number;
  readonly respelled: number;
  readonly broken: number;
}
export function plain(word: string): string;
export function matchWords(a: readonly string[], b: readonly string[]): [i: number, j: number][];
export function followWords(events: readonly HeardEvent[]): Followed;
export function delaysOf(
  words: readonly FollowedWord[],
  aligned: readonly { readonly text: string; readonly end: number }[],
): { first: number; stable: number }[];
export function distribution(values: readonly number[]): {
  p50: number;
  p90: number;
  percentiles: number[];
};
