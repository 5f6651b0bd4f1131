// Types of cases.mjs, for the tests.
export interface Shape {
  readonly depth: number;
  readonly cols: number;
}
export interface Case extends Shape {
  readonly bits: number;
  readonly block: number | 'channel';
  readonly group: number;
  readonly operator?: string;
  readonly rows: readonly number[];
  readonly copies: number;
}
export interface Other extends Shape {
  readonly bits: number;
  readonly group: number;
  readonly scheme?: string | undefined;
  readonly activations?: number;
  readonly rows: readonly number[];
}
export interface Fusion {
  readonly fusion: string;
  readonly bits: number;
  readonly rows: number;
}

export function groupOf(block: number | 'channel', depth: number): number;
export function copiesOf(shape: Shape): number;
export function listCases(options: { readonly quick?: boolean }): Case[];
export function listOthers(options: { readonly quick?: boolean }): Other[];
export function listFused(options: { readonly quick?: boolean }): Fusion[];
export function targetsOf(targets: readonly string[], shape: Shape, rows: number): string[];
