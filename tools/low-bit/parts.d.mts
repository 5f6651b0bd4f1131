// Types of parts.mjs, for the tests.
export interface Part {
  readonly part: string;
  readonly weights: number;
  readonly bytes: number;
  readonly held: string;
}
export interface AttentionProducts {
  readonly byWeights: number;
  readonly inAttention: number;
  readonly cacheBytes: number;
}
export function partsOf(path: string): Part[];
export function attentionProducts(
  path: string,
  frameSeconds: number,
): AttentionProducts | undefined;
