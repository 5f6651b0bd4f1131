// The closed list of codes, and the one error class.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, expectArgument, ParrotletError } from '../../lib/errors.js';

it('ERROR_CODES begins with the codes of cpp/core/status.h, in their order', () => {
  const header = readFileSync(new URL('../../cpp/core/status.h', import.meta.url), 'utf8');
  const table = /kCodeNames\[\] = \{([^}]*)\}/.exec(header)?.[1] ?? '';
  const names = [...table.matchAll(/"([A-Z_]+)"/g)].map(([, name]) => name);
  expect(names[0]).toBe('OK');
  expect(names.length).toBeGreaterThan(10);
  expect(ERROR_CODES.slice(0, names.length - 1)).toEqual(names.slice(1));
});

it('ERROR_CODES holds each code once', () => {
  expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
});

describe('ParrotletError', () => {
  it('is named as aborts are when it is one', () => {
    expect(new ParrotletError('ABORTED', '').name).toBe('AbortError');
    expect(new ParrotletError('INTERNAL', '').name).toBe('ParrotletError');
  });

  it('recognizes errors of another copy of the package, and nothing else', () => {
    const foreign = Object.assign(new Error(), { [Symbol.for('parrotlet.error')]: true });
    expect(ParrotletError.is(foreign)).toBe(true);
    for (const value of [new Error(), null, undefined, 'text']) {
      expect(ParrotletError.is(value)).toBe(false);
    }
  });
});

it.each<[unknown, string]>([
  [undefined, 'undefined'],
  [null, 'null'],
  [Number.NaN, 'NaN'],
  ['text', '"text"'],
  [[1, 2], 'an array of 2'],
  [new Float64Array(1), 'an object (Float64Array)'],
  [Object.create(null), 'an object (no prototype)'],
  [() => {}, 'a function'],
])('says what came: %s', (value, words) => {
  expect(() => expectArgument(false, 'it', 'a thing', value)).toThrow(
    `Expected a thing for it, but received ${words}.`,
  );
});
