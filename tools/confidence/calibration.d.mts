export interface JudgedWord {
  readonly confidence: number;
  readonly right: boolean;
}

export function logOdds(p: number): number;
export function probability(odds: number): number;
export function fitCalibration(
  words: readonly { readonly odds: number; readonly right: boolean }[],
): { readonly scale: number; readonly bias: number };
export function reliability(
  words: readonly JudgedWord[],
): { readonly count: number; readonly confidence: number; readonly right: number }[];
export function calibrationError(words: readonly JudgedWord[]): number;
export function areaUnderCurve(words: readonly JudgedWord[]): number;
export function caughtBelow(
  words: readonly JudgedWord[],
  threshold: number,
): { readonly threshold: number; readonly wrongCaught: number; readonly rightFlagged: number };
