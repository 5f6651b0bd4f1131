// Types of cases.mjs, for the tests.
export interface Board {
  readonly target: string;
  readonly board: string;
  readonly cpu: string;
  readonly model: string;
  readonly gigahertz: number;
  readonly productsPerCycle: number;
}
export interface Matrix {
  readonly target: string;
  readonly bits: number;
  readonly group: number;
  readonly rows: number;
  readonly depth: number;
  readonly cols: number;
}
export interface Linear extends Matrix {
  readonly instructions: number;
  readonly cycles: number;
}
export interface ModelRow {
  readonly target: string;
  readonly bits: number;
  readonly seconds: number;
  readonly instructions: number;
  readonly cycles: number;
  readonly parts: readonly { readonly name: string; readonly share: number }[];
}

export const BOARDS: readonly Board[];
export const MODEL_BITS: readonly number[];
export function listCases(options: {
  readonly quick?: boolean;
  readonly target?: string;
}): (Matrix & Pick<Board, 'cpu' | 'model'>)[];
export function speedOf(row: Linear): {
  readonly per256: number;
  readonly gops: number;
  readonly ofLimit: number;
};
export function realTimeFactor(row: Pick<ModelRow, 'target' | 'seconds' | 'cycles'>): number;
export function describe(row: Linear): string;
