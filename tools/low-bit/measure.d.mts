// Types of measure.mjs, for the tests.
import type { Entry } from './configurations.mjs';
import type { Study } from './study.mjs';

interface Recording {
  readonly path: string;
  readonly seconds: number;
  readonly text: string;
}
export function measureEntry(
  entry: Entry,
  recipe: { readonly key: string; readonly make: () => Promise<string> },
  run: {
    readonly study: Study;
    readonly sets: readonly {
      readonly set: string;
      readonly recordings: string;
      readonly rows: readonly Recording[];
    }[];
    readonly at: {
      readonly work: string;
      readonly data: string;
      readonly jobs: number;
      readonly fresh?: boolean;
    };
    readonly save: () => void;
  },
): Promise<void>;
