// Programs that record: their samples, their failures, and that none is left behind.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { record } from '../../../../lib/cli/capture/record.js';
import { collect } from '../../fake-backend.js';
import { isAlive, writeRecorder } from './fake-recorder.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await collect(bytes)).toString();
}

it('gives the bytes of the program, then fails, since a microphone does not end', async () => {
  const program = writeRecorder(folder, 'echo', 'echoes');
  const pieces: Uint8Array[] = [];
  const reading = (async () => {
    for await (const piece of record('echo', program, ['one', 'two']).bytes) pieces.push(piece);
  })();
  await expect(reading).rejects.toMatchObject({
    code: 'IO_ERROR',
    message: expect.stringMatching(/^echo stopped recording: it ended with exit code 0\./),
  });
  expect(Buffer.concat(pieces).toString()).toBe('one\ntwo\n    what it is\n');
});

it('fails with the last line that the program wrote to stderr', async () => {
  const { bytes } = record('arecord', writeRecorder(folder, 'fail', 'fails'), []);
  await expect(text(bytes)).rejects.toMatchObject({
    code: 'IO_ERROR',
    message: expect.stringMatching(
      /^arecord cannot record: arecord: main:830: audio open error: No such file\. Check the/,
    ),
  });
});

it('fails when the program does not start', async () => {
  const { bytes } = record('none', path.join(folder, 'none'), []);
  await expect(text(bytes)).rejects.toMatchObject({
    code: 'IO_ERROR',
    message: expect.stringMatching(/^none cannot record: spawn .*ENOENT/),
  });
});

it('ends without failure when it is stopped, even before it was read', async () => {
  const wav = path.join(import.meta.dirname, '../../../../examples/audio/librivox-austen-0870.wav');
  const { bytes, stop } = record('arecord', writeRecorder(folder, 'speak', 'speaks', wav), []);
  const received: Uint8Array[] = [];
  for await (const piece of bytes) {
    received.push(piece);
    if (Buffer.concat(received).length > 220_000) stop();
  }
  expect(Buffer.concat(received).subarray(0, 1000)).toEqual(readFileSync(wav).subarray(44, 1044));
  const unread = record('arecord', writeRecorder(folder, 'speak', 'speaks', wav), []);
  unread.stop();
  unread.stop();
  await expect(collect(unread.bytes)).resolves.toBeDefined();
});

it('kills a program that gives nothing and does not want to end', async () => {
  const program = writeRecorder(folder, 'hang', 'hangs');
  const { bytes } = record('arecord', program, [], { stallMs: 1500 });
  await expect(text(bytes)).rejects.toMatchObject({
    code: 'IO_ERROR',
    message: expect.stringMatching(/^Expected audio from arecord, but none came for 1.5 s\./),
  });
  const pid = Number(readFileSync(`${program}.pid`, 'utf8'));
  for (let tries = 0; tries < 100 && isAlive(pid); tries++) await setTimeout(20);
  expect(isAlive(pid)).toBe(false);
});

it('stops the program when its reader leaves', async () => {
  const wav = path.join(import.meta.dirname, '../../../../examples/audio/librivox-austen-0870.wav');
  const program = writeRecorder(folder, 'leave', 'speaks', wav);
  const { bytes, stop } = record('arecord', program, []);
  for await (const _ of bytes) break;
  stop();
  await expect(collect(bytes)).resolves.toEqual([]);
});
