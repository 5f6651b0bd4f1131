// The built executable as a process: exit codes, closed pipes, interruption. Needs `npm run build:ts`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const main = path.join(root, 'dist/esm/cli/main.js');

function start(...args: string[]) {
  if (!existsSync(main)) throw new Error(`${main} is missing: run \`npm run build:ts\` first`);
  return spawn(process.execPath, [main, ...args]);
}

async function run(...args: string[]) {
  const child = start(...args);
  const text = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    text.out += data;
  });
  child.stderr.on('data', (data) => {
    text.err += data;
  });
  child.stdin.end();
  const [code] = await once(child, 'close');
  return { code, ...text };
}

it('prints help and exits with 0', async () => {
  const { code, out, err } = await run('--help');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('Usage: parrotlet');
});

it('exits with 2 for an unknown option', async () => {
  expect(await run('transcribe', 'a.wav', '--loud')).toMatchObject({ code: 2, out: '' });
});

it('exits with 1 and one line for a model that is missing', async () => {
  const { code, err } = await run('transcribe', 'a.wav', '--model', 'none.safetensors');
  expect(code).toBe(1);
  expect(err).toMatch(/^parrotlet: [^\n]*\(MODEL_NOT_FOUND\)\n$/);
});

it('ends without a word when the reader of its output has gone', async () => {
  const child = start('transcribe', '--help');
  let err = '';
  child.stderr.on('data', (data) => {
    err += data;
  });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  expect({ code, err }).toEqual({ code: 0, err: '' });
});
