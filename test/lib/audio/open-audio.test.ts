// The kinds of source, and what is told when one cannot be read.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type AudioSource, openAudio } from '../../../lib/audio/open-audio.js';
import { collect, firstDifference } from './collect.js';

const examples = path.resolve(import.meta.dirname, '../../../examples/audio');
const wavPath = path.join(examples, 'librivox-austen-0870.wav');
const bytes = readFileSync(wavPath);
const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-audio-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('reads the same samples from', () => {
  const expected = Float32Array.from({ length: (bytes.length - 44) / 2 }, (_, i) => {
    return bytes.readInt16LE(44 + 2 * i) / 32768;
  });
  it.each<[string, () => AudioSource]>([
    ['a path', () => wavPath],
    ['a file: URL', () => pathToFileURL(wavPath)],
    ['bytes', () => new Uint8Array(bytes)],
    [
      'a Buffer that begins inside its memory',
      () => Buffer.concat([Buffer.alloc(3), bytes]).subarray(3),
    ],
    ['a stream', () => Readable.from([bytes.subarray(0, 1001), bytes.subarray(1001)])],
    ['samples', () => ({ sampleRate: 16000, channels: 1, chunks: Readable.from([expected]) })],
  ])('%s', async (_, source) => {
    const read = await collect(source());
    expect(read).toMatchObject({ sampleRate: 16000, channels: 1, error: undefined });
    expect(firstDifference(read.samples, expected)).toBe(-1);
  });
});

it('reads the FLAC example in full', async () => {
  const read = await collect(path.join(examples, 'librivox-austen-0890.flac'));
  expect(read).toMatchObject({ sampleRate: 16000, channels: 1, durationSeconds: 5.3 });
  expect(read.samples).toHaveLength(84800);
});

it('looks at the first bytes, not at the name', async () => {
  const flac = readFileSync(path.join(examples, 'librivox-austen-0890.flac'));
  expect((await collect(flac)).samples).toHaveLength(84800);
});

it('takes an AudioStream as a source and closes it', async () => {
  let closed = 0;
  const stream = { ...(await openAudio(bytes)), close: async () => void closed++ };
  const again = await openAudio(stream);
  expect(again.durationSeconds).toBe(7.1);
  await again.close();
  expect(closed).toBe(1);
});

describe('says why it cannot read', () => {
  it.each<[string, AudioSource, string, RegExp]>([
    [
      'a missing file',
      path.join(folder, 'none.wav'),
      'IO_ERROR',
      /There is no file at .*none\.wav/,
    ],
    ['a folder', folder, 'IO_ERROR', /Cannot read .*EISDIR/],
    [
      'a URL of the network',
      new URL('https://example.org/a.wav'),
      'INVALID_ARGUMENT',
      /a file: URL/,
    ],
    ['something else', 5 as unknown as AudioSource, 'INVALID_ARGUMENT', /a path.*5/],
    ['null', null as unknown as AudioSource, 'INVALID_ARGUMENT', /null/],
    ['samples at 96 kHz', samplesAt(96000, 1), 'AUDIO_UNSUPPORTED', /96000 Hz/],
    ['samples of 9 channels', samplesAt(16000, 9), 'AUDIO_UNSUPPORTED', /9 channels/],
    ['samples at NaN Hz', samplesAt(Number.NaN, 1), 'AUDIO_UNSUPPORTED', /NaN Hz/],
  ])('%s', async (_, source, code, message) => {
    const error = await openAudio(source).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'ParrotletError', code });
    expect(error.message).toMatch(message);
  });
});

it.runIf(process.platform === 'linux')('leaves no file open, read or not', async () => {
  const open = async () => (await readdir('/proc/self/fd')).length;
  const before = await open();
  for (let i = 0; i < 5; i++) {
    await (await openAudio(wavPath)).close();
    await collect(wavPath);
    for await (const _ of (await openAudio(wavPath)).chunks) break;
    await openAudio(path.join(examples, 'README.md')).catch(() => {});
  }
  expect(await open()).toBe(before);
});

function samplesAt(sampleRate: number, channels: number): AudioSource {
  return { sampleRate, channels, chunks: Readable.from([]) };
}
