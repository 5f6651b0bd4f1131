// Types of options.mjs, for the tests.
import type { Option } from 'commander';

export { Option } from 'commander';

export const SHARED: {
  readonly data: Option;
  readonly model: Option;
  readonly seed: Option;
  readonly fresh: Option;
  limit(meaning: string): Option;
  jobs(count: number): Option;
  subsets(flag: string, names: readonly string[]): Option;
  work(folder: string, holds: string): Option;
  reportOnly(meaning: string): Option;
};
export function count(name: string, meaning: string): Option;
export function readCommandLine(
  tool: {
    readonly name: string;
    readonly about: string;
    readonly options: readonly Option[];
    readonly argument?: { readonly name: string; readonly meaning: string };
  },
  words?: readonly string[],
): { readonly options: Readonly<Record<string, unknown>>; readonly args: readonly string[] };
