// `parrotlet listen` as a process, with programs in place of recorders and a model of random weights.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Capture } from '../../../lib/cli/capture/capture.js';
import { listen } from '../../../lib/cli/listen.js';
import { importModel } from '../../../lib/import/import-model.js';
import { Model } from '../../../lib/model.js';
import { transcribe } from '../../../lib/transcribe.js';
import { FakeModel } from '../fake-backend.js';
import { isAlive, type RECORDERS, writeRecorder } from './capture/fake-recorder.js';
import { type Running, root, start } from './executable.js';
import { fakeTerminal } from './fake-terminal.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-listen-'));
const model = path.join(folder, 'tiny.safetensors');
const wav = path.join(root, 'examples/audio/librivox-austen-0870.wav');
const WAV_SECONDS = 7.1;

beforeAll(() => importModel({ source: 'random:tiny-streaming:1', output: model, bits: 4 }));
afterAll(() => rmSync(folder, { recursive: true }));

describe('over a fake recorder and engine', () => {
  /** A microphone that gives `pieces`, then what `end` does. */
  async function run(
    pieces: readonly Uint8Array[],
    { end, ...flags }: { seconds?: number; beam?: number; end?: () => Promise<void> } = {},
  ) {
    const terminal = fakeTerminal();
    const fake = new FakeModel();
    const calls: string[] = [];
    const capture: Capture = {
      ...{ name: 'tape', place: 'shelf', devices: async () => ['one', 'two'] },
      open: async (device) => {
        calls.push(`open ${device}`);
        async function* bytes() {
          yield* pieces;
          await end?.();
        }
        return { bytes: bytes(), stop: () => void calls.push('stop') };
      },
    };
    const code = await listen(
      { model: 'default', pauses: true, device: 'hw:1', ...flags },
      terminal,
      { loadModel: async () => new Model(fake), transcribe },
      async () => capture,
    ).catch((error: Error) => error.message);
    return { code, calls, fake, out: terminal.out(), err: terminal.err() };
  }

  it('reads samples that are cut anywhere, from the device that is named', async () => {
    const { code, out, fake, calls } = await run([
      Uint8Array.of(0),
      Uint8Array.of(64, 0),
      Uint8Array.of(192),
    ]);
    expect({ code, out }).toEqual({ code: 0, out: '[0:00.0-0:00.0] 2\n' });
    expect(fake.sessions[0]!.pieces.flatMap((piece) => [...piece])).toEqual([0.5, -0.5]);
    expect(fake.sessions[0]!.options).toMatchObject({ sampleRate: 16000, channels: 1 });
    expect(calls).toEqual(['open hw:1', 'stop']);
    expect(fake.closes).toBe(1);
  });

  it('stops the recorder where the session is refused', async () => {
    const { code, calls } = await run([new Uint8Array(2)], { beam: 99 });
    expect(code).toContain('beam');
    expect(calls).toEqual(['open hw:1', 'stop']);
  });

  it('ends at the very sample after --seconds', async () => {
    const pieces = Array.from({ length: 20 }, () => new Uint8Array(6000));
    expect((await run(pieces, { seconds: 1.5 })).out).toBe('[0:00.0-0:00.0] 24000\n');
  });

  it('writes what was said before the recorder failed', async () => {
    const end = () => Promise.reject(new Error('unplugged'));
    const { code, out, fake } = await run([new Uint8Array(200)], { end });
    expect({ code, out }).toEqual({ code: 'unplugged', out: '[0:00.0-0:00.0] 100\n' });
    expect(fake.closes).toBe(1);
  });
});

describe.runIf(process.platform === 'linux')('as a process', () => {
  let bin: string;
  beforeEach(() => {
    bin = mkdtempSync(path.join(folder, 'bin-'));
  });

  function listenTo(kind: keyof typeof RECORDERS, ...args: string[]): Running {
    writeRecorder(bin, 'arecord', kind, wav);
    return start(['listen', '-m', model, ...args], { PATH: bin });
  }

  /** Waits until it says that it listens. */
  async function listening({ child }: Running): Promise<void> {
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (data) => `${data}`.includes('Listening with arecord') && resolve());
    });
  }

  it('writes an event a line for as long as it is told', async () => {
    const { code, out, err } = await listenTo('speaks', '--json', '--seconds', '8').finished;
    expect(code).toBe(0);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.some(({ type }) => type === 'partial')).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'final' });
    expect(events.at(-1).words.length).toBeGreaterThan(0);
    expect(err).toMatch(/^Listening with arecord; Ctrl-C ends\.\n8\.0 s of audio in /);
  });

  it('hears what a file of the same samples says', async () => {
    const file = await start(['transcribe', '--live', '--speed', '0', '-m', model, wav]).finished;
    const heard = await listenTo('speaks', '--seconds', String(WAV_SECONDS)).finished;
    expect(heard).toMatchObject({ code: 0, out: file.out });
    expect(file.out).toMatch(/^\[0:0\d\.\d-0:07\.\d\] /m);
  });

  it('ends the segment at Ctrl-C, prints it and exits with 0', async () => {
    const running = listenTo('speaks', '--no-pauses');
    await listening(running);
    await setTimeout(1500);
    running.child.kill('SIGINT');
    const { code, out, err } = await running.finished;
    expect(code).toBe(0);
    expect(out).toMatch(/^\[0:\d\d\.\d-0:\d\d\.\d\] \S/);
    expect(err).toMatch(/real-time factor [\d.]+\n$/);
  });

  it('is killed by a second Ctrl-C', async () => {
    const running = listenTo('hangs');
    await recorderRuns();
    running.child.kill('SIGINT');
    await setTimeout(100);
    running.child.kill('SIGINT');
    expect(await running.finished).toMatchObject({ code: null, out: '' });
    expect(running.child.signalCode).toBe('SIGINT');
    // The recorder, which ignores being asked to end, has outlived it.
    process.kill(recorderPid(), 'SIGKILL');
  });

  it('makes a recorder end that does not want to', async () => {
    const running = listenTo('hangs');
    await recorderRuns();
    running.child.kill('SIGINT');
    expect(await running.finished).toMatchObject({ code: 0, out: '' });
    expect(isAlive(recorderPid())).toBe(false);
  });

  it('exits with 1 and one line when the recorder has no device', async () => {
    const { code, out, err } = await listenTo('fails').finished;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(
      /^Listening with arecord; Ctrl-C ends\.\nparrotlet: arecord cannot record: [^\n]*audio open error: No such file\. [^\n]*\(IO_ERROR\)\n$/,
    );
  });

  it('exits with 1 when the recorder breaks off, after the text of what it gave', async () => {
    const { code, out, err } = await listenTo('breaks').finished;
    expect(code).toBe(1);
    expect(out).toMatch(/^\[0:0\d\.\d-0:07\.\d\] \S/m);
    expect(err).toMatch(/parrotlet: arecord stopped recording: [^\n]*No such device\. [^\n]*\n$/);
  });

  it('exits with 1 and what to install where nothing records', async () => {
    const { code, out, err } = await start(['listen'], { PATH: bin }).finished;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^parrotlet: There is nothing on this machine that records[^\n]*\n$/);
  });

  it('lists devices, as lines or JSON', async () => {
    expect(await listenTo('echoes', '--list-devices').finished).toMatchObject({ out: '-L\n' });
    const { code, out } = await listenTo('echoes', '--list-devices', '--json').finished;
    expect({ code, out }).toEqual({ code: 0, out: '["-L"]\n' });
  });

  it('is told by doctor what records', async () => {
    writeRecorder(bin, 'sox', 'echoes');
    const place = path.join(bin, 'sox');
    expect((await start(['doctor'], { PATH: bin }).finished).out).toContain(`sox (${place})`);
    const { out } = await start(['doctor', '--json'], { PATH: bin }).finished;
    expect(JSON.parse(out).captures).toEqual([{ name: 'sox', place }]);
    const without = await start(['doctor'], { PATH: folder }).finished;
    expect(without.out).toMatch(/^microphone +none$/m);
    expect(without.out).toContain('npm install decibri');
    expect(without.code).toBe(0);
  });

  const pidFile = () => path.join(bin, 'arecord.pid');
  const recorderPid = () => Number(readFileSync(pidFile(), 'utf8'));

  /** Waits until the recorder that hangs does so. */
  async function recorderRuns(): Promise<void> {
    while (!existsSync(pidFile()) || recorderPid() === 0) await setTimeout(20);
  }
});
