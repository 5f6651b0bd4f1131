// Types of page.mjs, for the tests.
import type { Linear, ModelRow } from './cases.mjs';

export interface Results {
  readonly date: string;
  readonly commit: string;
  readonly compiler: string;
  readonly simulator: string;
  readonly models: readonly ModelRow[];
  readonly linears: readonly Linear[];
}

export function armPage(results: Results): string;
