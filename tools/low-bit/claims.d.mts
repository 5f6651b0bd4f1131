// Types of claims.mjs, for the tests.
import type { Change } from '../accuracy/wer.mjs';
import type { Row } from './study.mjs';

export type Verdict = 'lossless' | 'within chance' | 'worse';
export interface Claim {
  readonly id: 'int4' | 'int2';
  readonly row: Row | undefined;
  readonly holds: boolean | undefined;
  readonly reason: string;
}
export const GOALS: {
  readonly relativePercent: number;
  readonly int4Smaller: number;
  readonly int2SmallerPercent: number;
};
export function verdictOf(change: Change): Verdict;
export function bestRounded(rows: readonly Row[], weights: number): Row | undefined;
export function claimsOf(rows: readonly Row[], sets: readonly string[]): [Claim, Claim];
