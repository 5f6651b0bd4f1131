// Types of page.mjs, for the tests.
import type { Fusion } from './cases.mjs';
import type { Own, Peer } from './speeds.mjs';

export interface Results {
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly cpu: string;
  readonly cores: number;
  readonly load: readonly number[];
  readonly passes: number;
  readonly rounds: number;
  readonly limits: readonly {
    readonly target: string;
    readonly dotGops: number;
    readonly reads: readonly { readonly bytes: number; readonly gbps: number }[];
  }[];
  readonly ours: readonly Own[];
  readonly peers: readonly Peer[];
  readonly others: readonly Own[];
  readonly fused: readonly (Fusion & { readonly target: string; readonly ratio: number })[];
}

export function kernelsPage(results: Results, plot: string): string;
export function plotted(results: Pick<Results, 'peers'>): {
  readonly matrix: string;
  readonly rows: number;
  readonly weights: string;
  readonly engine: string;
  readonly gops: number;
}[];
