// Types of make-model.mjs, for the tests.
import type { Entry } from './configurations.mjs';

interface Recording {
  readonly split: string;
  readonly path: string;
  readonly seconds: number;
}
export function recipeOf(
  entry: Entry,
  at: {
    readonly float: string;
    readonly trained?: string;
    readonly work: string;
    readonly data: string;
    readonly limit: number;
    readonly manifest: readonly Recording[];
  },
): { readonly key: string; readonly make: () => Promise<string> };
export function calibrationPaths(manifest: readonly Recording[], count: number): string[];
