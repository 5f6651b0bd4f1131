// Types of page.mjs, for the tests.
import type { Row, Study } from './study.mjs';

export function lowBitPage(facts: {
  readonly rows: readonly Row[];
  readonly sets: Study['sets'];
  readonly plot: string;
}): string;
