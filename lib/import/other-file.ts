// Keeps a model from being written over what it is made from.
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expectArgument } from '../errors.js';

/**
 * That `output` is not `source`, nor a file in it where it is a folder, by whatever name.
 *
 * @throws ParrotletError `INVALID_ARGUMENT`.
 */
export async function expectOtherFile(source: string, output: string): Promise<void> {
  const names = await readdir(source).catch(() => []);
  const files = [source, ...names.map((name) => join(source, name))];
  const same = await Promise.all(files.map((file) => isSameFile(file, output)));
  expectArgument(
    !same.includes(true),
    'output',
    'another file than the source, which would be replaced,',
    output,
  );
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  if (resolve(a) === resolve(b)) return true;
  const [first, second] = await Promise.all(
    [a, b].map((path) => stat(path).catch(() => undefined)),
  );
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}
