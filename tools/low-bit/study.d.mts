// Types of study.mjs, for the tests.
import type { Change } from '../accuracy/wer.mjs';
import type { Entry, How } from './configurations.mjs';
import type { AttentionProducts, Part } from './parts.mjs';

export interface Study {
  readonly sets: { set: string; recordings: string; words: readonly number[] }[];
  readonly models: ({ id: string; key: string; how: How } & ModelFacts)[];
  readonly measured: {
    id: string;
    set: string;
    key: string;
    recordings: string;
    edits: readonly number[];
  }[];
}
export interface ModelFacts {
  readonly name: string;
  readonly fileBytes: number;
  readonly parameters: number;
  readonly parts: readonly Part[];
  readonly attention?: AttentionProducts | undefined;
}
export interface Result {
  readonly wer: number;
  readonly low: number;
  readonly high: number;
  readonly change: Change;
}
export interface Row extends Entry {
  readonly model: ModelFacts;
  readonly smaller: number;
  readonly results: Readonly<Record<string, Result>>;
}
export function readStudy(path: string): Study;
export function writeStudy(path: string, study: Study): void;
export function isMeasured(
  study: Study,
  model: { readonly id: string; readonly key: string },
  set: { readonly set: string; readonly recordings: string },
): boolean;
export function put<T extends object>(rows: T[], row: T, ...names: (keyof T)[]): void;
export function resultOf(study: Study, id: string, set: string): Result | undefined;
export function studyRows(study: Study, entries: readonly Entry[]): Row[];
