// Types of rows.mjs, for the tests.
export interface Transcript {
  readonly text: string;
  readonly processingSeconds: number;
  readonly durationSeconds: number;
}
export function scoreSubset<Facts extends object>(
  facts: Facts,
  subset: { readonly name: string; readonly rows: readonly { path: string; text: string }[] },
  transcripts: ReadonlyMap<string, Transcript>,
): Facts & {
  readonly subset: string;
  readonly utterances: number;
  readonly words: number;
  readonly wer: number;
  readonly uncapped: number;
  readonly realTimeFactor: number;
};
