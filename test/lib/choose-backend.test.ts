// The choice among backends, and what is said when none loads.
import { expect, it } from 'vitest';
import type { Backend } from '../../lib/backend/backend.js';
import { type BackendLoader, firstThatLoads } from '../../lib/backend/choose.js';

const good = (name: string): BackendLoader => ({ name, load: () => ({ name }) as Backend });
const bad = (name: string): BackendLoader => ({
  name,
  load: () => {
    throw new Error(`${name} is broken`);
  },
});

it('takes the first that loads and remembers why the others did not', () => {
  const { backend, attempts } = firstThatLoads([bad('a'), good('b'), good('c')], undefined);
  expect(backend.name).toBe('b');
  expect(attempts).toEqual([
    { backend: 'a', error: 'a is broken' },
    { backend: 'b', error: undefined },
  ]);
});

it('tries only the one that is forced', () => {
  expect(firstThatLoads([good('a'), good('b')], 'b').backend.name).toBe('b');
});

it('reports every attempt, the machine and what to do', () => {
  const message = expect.stringMatching(
    new RegExp(
      `${process.platform}-${process.arch}.*\\n.*a is broken\\n.*b is broken\\n.*node-gyp`,
      's',
    ),
  );
  expect(() => firstThatLoads([bad('a'), bad('b')], undefined)).toThrow(
    expect.objectContaining({ code: 'BACKEND_UNAVAILABLE', message }),
  );
});

it('says so when the forced one does not exist', () => {
  expect(() => firstThatLoads([good('a')], 'magic')).toThrow(
    /PARROTLET_BACKEND=magic is none of a/,
  );
});
