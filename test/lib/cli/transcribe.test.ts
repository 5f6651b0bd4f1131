// `parrotlet transcribe` over a fake engine, whose transcript is the number of samples it heard.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../lib/cli/recognition.js';
import { type TranscribeFlags, transcribeFiles } from '../../../lib/cli/transcribe.js';
import { Model } from '../../../lib/model.js';
import { transcribe } from '../../../lib/transcribe.js';
import { makeWav } from '../audio/make-wav.js';
import { FakeModel } from '../fake-backend.js';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const wav = (samples: number, sampleRate = 16000) =>
  makeWav({ tag: 1, bits: 16, sampleRate, channels: 1, data: new Uint8Array(samples * 2) });

function file(name: string, bytes: Uint8Array | string): string {
  const place = path.join(folder, name);
  writeFileSync(place, bytes);
  return place;
}

const short = file('short.wav', wav(1600));
const long = file('long.wav', wav(3200));
const bad = file('bad.wav', 'Hello, I am text.');

async function run(
  files: readonly string[],
  flags: Partial<TranscribeFlags> = {},
  terminal: FakeTerminal = fakeTerminal(),
) {
  const fake = new FakeModel();
  const engine: Engine = { loadModel: async () => new Model(fake), transcribe };
  const code = await transcribeFiles(
    files,
    { model: 'default', pauses: true, ...flags },
    terminal,
    engine,
  );
  return { code, fake, out: terminal.out(), err: terminal.err() };
}

it('prints the text of a file and its speed', async () => {
  const { code, out, err } = await run([short]);
  expect({ code, out }).toEqual({ code: 0, out: '1600\n' });
  expect(err).toMatch(/^0\.1 s of audio in 0\.0 s: real-time factor 0\.0\d\d\n$/);
});

it('puts the name in front when there are several files', async () => {
  expect((await run([short, long])).out).toBe(`${short}: 1600\n${long}: 3200\n`);
});

it('goes on after a file that cannot be read, and exits with 1', async () => {
  const missing = path.join(folder, 'missing.wav');
  const { code, out, err } = await run([bad, missing, long]);
  expect({ code, out }).toEqual({ code: 1, out: `${long}: 3200\n` });
  const lines = err.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(
    /^parrotlet: .*bad\.wav: .*the text "Hello, I am ".*\(AUDIO_MALFORMED\)$/,
  );
  expect(lines[1]).toMatch(/^parrotlet: .*missing\.wav: There is no file at .*\(IO_ERROR\)$/);
});

describe('tells in one line, with its code, why it refused', () => {
  it.each([
    ['an empty file', new Uint8Array(0), 'AUDIO_MALFORMED'],
    ['a WAV file without samples', wav(0), 'AUDIO_MALFORMED'],
    ['a WAV file with an odd byte', oddWav(), 'AUDIO_MALFORMED'],
    ['a WAV file that is cut off', wav(100).subarray(0, 100), 'AUDIO_TRUNCATED'],
    ['a WAV file at 96 kHz', wav(100, 96000), 'AUDIO_UNSUPPORTED'],
  ])('%s', async (_, bytes, errorCode) => {
    const { code, out, err } = await run([file('refused.wav', bytes)]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(new RegExp(`^parrotlet: .*refused\\.wav: .*\\(${errorCode}\\)\n$`));
  });
});

it('transcribes a single sample', async () => {
  expect(await run([file('one.wav', wav(1))])).toMatchObject({ code: 0, out: '1\n' });
});

it('reads standard input for -', async () => {
  const { code, out } = await run(['-'], {}, fakeTerminal({ stdin: wav(320) }));
  expect({ code, out }).toEqual({ code: 0, out: '320\n' });
});

it('prints one JSON object a line and file', async () => {
  const { out } = await run([short, long], { json: true });
  const objects = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(objects).toEqual([
    {
      file: short,
      text: '1600',
      words: [],
      segments: [{ text: '1600', start: 0, end: 0, reason: 'end' }],
      durationSeconds: 0.1,
      processingSeconds: expect.any(Number),
    },
    expect.objectContaining({ file: long, text: '3200', durationSeconds: 0.2 }),
  ]);
});

it('hands its options to the session', async () => {
  const { fake } = await run([short], {
    ...{ chunk: 312, beam: 3, pauses: false, maxSegment: 12, json: true },
  });
  expect(fake.sessions[0]!.options).toMatchObject({
    ...{ chunkFrames: 13, beam: 3, noPauses: true, maxSegmentSeconds: 12 },
    ...{ noWords: false, noPartials: true, sampleRate: 16000, channels: 1 },
  });
});

it('asks for the whole segment at once with --chunk segment', async () => {
  const { fake } = await run([short], { chunk: 'segment' });
  expect(fake.sessions[0]!.options).toMatchObject({ chunkFrames: -1, noWords: true });
});

it('hears the end of a chunk again with --look-ahead', async () => {
  const { fake } = await run([short], { live: true, speed: 0, lookAhead: 240 });
  expect(fake.sessions[0]!.options).toMatchObject({ chunkFrames: 0, lookAheadFrames: 10 });
});

it('hears segments again as a whole with --second-pass', async () => {
  const { fake } = await run([short], { live: true, speed: 0, secondPass: true });
  expect(fake.sessions[0]!.options).toMatchObject({ chunkFrames: 0, secondPass: true });
});

it('refuses a chunk that the model does not offer', async () => {
  const { code, err } = await run([short], { chunk: 500 });
  expect(code).toBe(1);
  expect(err).toMatch(/one of 312, 648, 'segment' for chunkMs.*\(INVALID_ARGUMENT\)/);
});

it('shows finals only where nobody watches', async () => {
  expect((await run([short], { live: true })).out).toBe('[0:00.0-0:00.0] 1600\n');
});

it('draws partials and the level on a terminal', async () => {
  const { out } = await run([short], { live: true }, fakeTerminal({ isTTY: true }));
  expect(out).toContain('\x1b[2m1600\x1b[0m');
  expect(out).toContain('0:00.1 [                    ] peak  -inf rms  -inf dBFS');
  expect(out).toContain('[0:00.0-0:00.0] 1600\n');
  expect(out.endsWith('\x1b[J'), 'the level is taken away').toBe(true);
});

it('prints an event a line with --live --json, and the file each comes from', async () => {
  const { out } = await run([short, long], { live: true, json: true, speed: 0 });
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ file, type, text }) => [file, type, text])).toEqual([
    [short, 'partial', '1600'],
    [short, 'final', '1600'],
    [long, 'partial', '3200'],
    [long, 'final', '3200'],
  ]);
  expect(events[0]).toMatchObject({ segment: 0, stableText: '', words: [], audioProcessed: 0 });
});

describe('takes the time', () => {
  it.each([
    ['of the audio with --live', { live: true }, 0.3, [290, Infinity]],
    ['of the audio at speed 1', { speed: 1 }, 0.3, [290, Infinity]],
    ['of half the audio at speed 2', { live: true, speed: 2 }, 2, [990, 1990]],
    ['of the engine at speed 0', { live: true, speed: 0 }, 5, [0, 4900]],
    ['of the engine without --live', {}, 5, [0, 4900]],
  ])('%s', async (_, flags, seconds, [least, most]) => {
    const samples = seconds * 16000;
    const start = performance.now();
    const { out } = await run([file('paced.wav', wav(samples))], flags);
    const took = performance.now() - start;
    expect(out).toContain(`${samples}\n`);
    expect(took).toBeGreaterThanOrEqual(least!);
    expect(took).toBeLessThan(most!);
  });

  it('of the engine on standard input, which has its own pace', async () => {
    const start = performance.now();
    await run(['-'], { live: true }, fakeTerminal({ stdin: wav(80000) }));
    expect(performance.now() - start).toBeLessThan(4900);
  });
});

it('feeds a tenth of a second at a time when it keeps a pace', async () => {
  const { fake } = await run([file('slow.wav', wav(4800))], { speed: 4 });
  expect(fake.sessions[0]!.pieces.map((piece) => piece.length)).toEqual([1600, 1600, 1600]);
});

it('closes the session and the model when it is interrupted', async () => {
  const terminal = fakeTerminal();
  const fake = new FakeModel();
  const engine: Engine = { loadModel: async () => new Model(fake), transcribe };
  const files = [file('endless.wav', wav(160000)), short];
  const flags = { model: 'default', pauses: true, speed: 1 };
  const running = transcribeFiles(files, flags, terminal, engine);
  setTimeout(terminal.interrupt, 150);
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  expect(fake.sessions).toHaveLength(1);
  expect(fake.sessions[0]!.closes).toBe(1);
  expect(fake.closes).toBe(1);
  expect(terminal.out()).toBe('');
});

function oddWav(): Uint8Array {
  return makeWav({ tag: 1, bits: 16, sampleRate: 16000, channels: 1, data: new Uint8Array(7) });
}
