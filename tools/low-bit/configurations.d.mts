// Types of configurations.mjs, for the tests.
export interface How {
  readonly model?: string | undefined;
  readonly method?: 'round' | 'hqq' | 'gptq' | 'gptq-fit';
  readonly bits?: number;
  readonly scheme?: string;
  readonly group?: number | 'channel';
  readonly clip?: string | number;
  readonly clipError?: string;
  readonly activations?: number;
  readonly rules?: readonly { readonly match: string; readonly bits: number }[];
  readonly plan?: string;
  readonly mixed?: number;
  readonly floats?: 'float16';
  readonly calibrate?: number;
  readonly steps?: number;
}
export interface Entry {
  readonly id: string;
  readonly weights: number;
  readonly how: How;
  readonly sets?: readonly string[];
  readonly trained?: boolean;
  readonly part?: string;
}
export const BASELINE: string;
export function configurations(): Entry[];
export function describe(entry: Entry): string;
