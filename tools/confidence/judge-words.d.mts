import type { JudgedWord } from './calibration.mjs';

export function judgeWords(
  reference: string,
  words: readonly { readonly text: string; readonly confidence: number }[],
): JudgedWord[];
