// The built executable as a process: exit codes, closed pipes, interruption, and the real engine on
// a model of random weights.
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importModel } from '../../../lib/import/import-model.js';
import { makeWav } from '../audio/make-wav.js';
import { root, run, start } from './executable.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-main-'));
const model = path.join(folder, 'tiny.safetensors');
const wav = path.join(root, 'examples/audio/librivox-austen-0870.wav');
const flac = path.join(root, 'examples/audio/librivox-austen-0890.flac');

beforeAll(() => importModel({ source: 'random:tiny-streaming:1', output: model, bits: 4 }));
afterAll(() => rmSync(folder, { recursive: true }));

describe('without a model', () => {
  it('prints help and exits with 0', async () => {
    const { code, out, err } = await run(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Usage: parrotlet');
  });

  it('exits with 2 for an unknown option', async () => {
    expect(await run(['transcribe', 'a.wav', '--loud'])).toMatchObject({ code: 2, out: '' });
  });

  it('exits with 1 and one line for a model that is missing', async () => {
    const { code, err } = await run(['transcribe', wav, '--model', 'none.safetensors']);
    expect(code).toBe(1);
    expect(err).toMatch(/^parrotlet: [^\n]*\(MODEL_NOT_FOUND\)\n$/);
  });

  it('ends without a word when the reader of its output has gone', async () => {
    const { child, finished } = start(['transcribe', '--help']);
    child.stdout.destroy();
    expect(await finished).toMatchObject({ code: 0, err: '' });
  });

  it('tells with doctor which engine runs', async () => {
    const { out } = await run(['doctor', '--json']);
    const { backend } = JSON.parse(out);
    expect(backend.path).toMatch(/\.node$/);
    expect(backend.supported).toContain(backend.target);
  });

  it.each([
    ['instruction set', { PARROTLET_TARGET: 'abacus' }, /abacus/],
    ['build', { PARROTLET_BACKEND: 'abacus' }, /PARROTLET_BACKEND=abacus/],
  ])('exits with 1 when doctor is told to use an unknown %s', async (_, env, message) => {
    const { code, out } = await run(['doctor'], env);
    expect(code).toBe(1);
    expect(out).toMatch(message);
  });
});

describe('with a model of random weights', () => {
  it('transcribes every file that it can and exits with 1 for the one it cannot', async () => {
    const { code, out, err } = await run(['transcribe', '-m', model, wav, folder, flac]);
    expect(code).toBe(1);
    const files = new Set(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(': ')[0]),
    );
    expect([...files]).toEqual([wav, flac]);
    expect(err).toMatch(/^parrotlet: [^\n]*\(IO_ERROR\)\n12\.4 s of audio in .* factor [\d.]+\n$/);
  });

  it('writes words and times as JSON', async () => {
    const { code, out } = await run(['transcribe', '-m', model, '--json', wav]);
    const { file, text, words, segments, durationSeconds } = JSON.parse(out);
    expect({ code, file, durationSeconds }).toEqual({ code: 0, file: wav, durationSeconds: 7.1 });
    expect(segments.map((segment: { text: string }) => segment.text).join(' ')).toBe(text);
    expect(words.map((word: { text: string }) => word.text).join(' ')).toBe(text);
    for (const { start, end } of words) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(end).toBeGreaterThanOrEqual(start);
      expect(end).toBeLessThanOrEqual(7.1);
    }
  });

  it('hears the same in a file and on standard input, and with every target', async () => {
    const args = ['transcribe', '-m', model, '--live', '--speed', '0'];
    const { code, out } = await run([...args, wav]);
    expect(code).toBe(0);
    const { child, finished } = start([...args, '-']);
    child.stdin.end(readFileSync(wav));
    expect(await finished).toMatchObject({ code: 0, out });
    const scalar = await run([...args, wav], { PARROTLET_TARGET: 'scalar' });
    expect(scalar).toMatchObject({ code: 0, out });
  });

  it('describes the model', async () => {
    const { code, out } = await run(['info', model, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ name: 'tiny-streaming', sampleRate: 16000 });
    expect((await run(['info', model])).out).toMatch(/^name +tiny-streaming$/m);
  });

  it('imports a model and says how large it is', async () => {
    const output = path.join(folder, 'imported.safetensors');
    const { code, out } = await run([
      'import',
      'random:tiny-streaming',
      '-o',
      output,
      '--bits',
      '2',
    ]);
    expect(code).toBe(0);
    expect(out).toContain('in 2 bits');
    expect((await run(['info', output, '--json'])).code).toBe(0);
  });

  it('exits with 1 for a model that is cut off', async () => {
    const cut = path.join(folder, 'cut.safetensors');
    await cp(model, cut);
    truncateSync(cut, 20000);
    const { code, out, err } = await run(['transcribe', '-m', cut, wav]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^parrotlet: [^\n]*\(MODEL_TRUNCATED\)\n$/);
  });

  it('exits with 130 when it is interrupted while it waits for input', async () => {
    const { child, finished } = start(['transcribe', '-m', model, '--live', '-']);
    const data = new Uint8Array(32000);
    const fields = { tag: 1, bits: 16, sampleRate: 16000, channels: 1, data };
    child.stdin.write(makeWav({ ...fields, dataBytes: 0xffffffff }));
    await setTimeout(1000);
    child.kill('SIGINT');
    expect(await finished).toEqual({ code: 130, out: '', err: '' });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'exits with 130 when %s interrupts it in the middle of a file',
    async (wish) => {
      const { child, finished } = start(['transcribe', '-m', model, '--live', '--json', wav]);
      await setTimeout(1000);
      child.kill(wish);
      const { code, out, err } = await finished;
      expect({ code, err }).toEqual({ code: 130, err: '' });
      expect(out).not.toContain('"final"');
    },
  );
});
