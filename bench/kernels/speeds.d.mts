// Types of speeds.mjs, for the tests.
import type { Shape } from './cases.mjs';

export interface Measured extends Shape {
  readonly bits: number;
  readonly group: number;
  readonly scheme?: string;
  readonly activations?: number;
  readonly rows: number;
  readonly us: number;
}
export interface Own extends Measured {
  readonly target: string;
  readonly limitGops: number;
}
export interface Peer extends Measured {
  readonly operator: string;
  readonly block: number | 'channel';
  readonly target: string;
  readonly copies: number;
  readonly peerUs: number;
  readonly ratio: number;
}

export function speedOf(row: Measured & { readonly limitGops?: number }): {
  readonly gops: number;
  readonly gbps: number;
  readonly ofLimit: number | null;
};
export function describeRow(row: { readonly ours: readonly Own[]; readonly peers: readonly Peer[] }): string;
