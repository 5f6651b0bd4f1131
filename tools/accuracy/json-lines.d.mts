// Types of json-lines.mjs, for the tests.
export interface Recording {
  readonly path: string;
  readonly seconds: number;
}
export function readLines(file: string): Map<string, { readonly path: string }>;
export function addLines(job: {
  readonly file: string;
  readonly rows: readonly Recording[];
  readonly jobs: number;
  readonly lineFor: (row: Recording) => Promise<object>;
  readonly onDone: (seconds: number) => void;
}): Promise<void>;
