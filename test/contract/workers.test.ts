// The addon in worker threads: several at once, closed with care, and ended without.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder, writeRandomModel } from './models.js';

const program = fileURLToPath(new URL('worker-program.mjs', import.meta.url));
const folder = temporaryFolder();
let model: string;

beforeAll(async () => {
  model = await writeRandomModel(folder, 'tiny-streaming');
});

async function run(how: string, rounds: number) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[program, how, model, String(rounds)],
  ]);
  return JSON.parse(stdout) as { results: string[]; expected: string };
}

describe('workers', () => {
  it('give the same text as the main thread, and end when they are closed', async () => {
    const { results, expected } = await run('close', 2);
    expect(expected.length).toBeGreaterThan(0);
    expect(results).toEqual([expected]);
  });

  it('may be terminated in the middle of a call', async () => {
    const { results, expected } = await run('terminate', 6);
    expect(results).toEqual(['ready']);
    expect(expected.length).toBeGreaterThan(0);
  });

  it('may exit with calls in progress and sessions open', async () => {
    const { results, expected } = await run('drop', 4);
    expect(results).toEqual(['ready']);
    expect(expected.length).toBeGreaterThan(0);
  });
});
