// The examples as a user has them: copied into a folder where the packages are installed. Needs
// `npm run build`.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import vm from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { scoreUtterance } from '../../tools/accuracy/wer.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-examples-'));
const recording = path.join(root, 'examples/audio/librivox-austen-0870.wav');
const samples = readFileSync(recording).subarray(44);

beforeAll(() => {
  cpSync(path.join(root, 'examples'), folder, { recursive: true });
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, 'decibri'), { recursive: true });
  symlinkSync(root, path.join(modules, 'parrotlet'), 'junction');
  symlinkSync(path.join(root, 'node_modules', 'ws'), path.join(modules, 'ws'), 'junction');
  // A microphone that hears the recording.
  writeFileSync(
    path.join(modules, 'decibri', 'index.js'),
    `const { Readable } = require('node:stream');
     const bytes = require('node:fs').readFileSync(${JSON.stringify(recording)}).subarray(44);
     exports.Microphone = { open: async (options) => {
       if (options.sampleRate !== 16000 || options.channels !== 1) throw new Error('wrong format');
       return Readable.from([bytes.subarray(0, 9999), bytes.subarray(9999)]);
     } };`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill();
});

function start(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [path.join(folder, file), ...args], {
    env: { ...process.env, ...env },
  });
  started.push(child);
  return child;
}

/** Runs an example with `input`, and returns what it printed. */
async function run(file: string, args: readonly string[] = [], input = Buffer.alloc(0)) {
  const child = start(file, args);
  const output = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    output.out += data;
  });
  child.stderr.on('data', (data) => {
    output.err += data;
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, ...output };
}

const [, reference] = /\.wav\t[\d.]+\t(.+)/.exec(
  readFileSync(path.join(root, 'examples/audio/transcripts.tsv'), 'utf8'),
)!;

function expectUnderstood(text: string): void {
  const { edits, words } = scoreUtterance(reference!, text);
  expect(edits / words, text).toBeLessThan(0.3);
}

it('file.mjs prints the words of a file with their times', async () => {
  const { code, out, err } = await run('file.mjs', [recording]);
  expect(code, err).toBe(0);
  const lines = out.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^ +\d+\.\d\d +\d+\.\d\d {2}\S+$/);
  expectUnderstood(lines.map((line) => line.trim().split(/ +/)[2]).join(' '));
  expect(err).toMatch(/^7\.1 s, real-time factor \d\.\d{3}\n$/);
});

it('file.mjs tells what is wrong with a file', async () => {
  const { code, err } = await run('file.mjs', [path.join(folder, 'README.md')]);
  expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^AUDIO_MALFORMED: /) });
});

it('microphone.mjs prints what the microphone hears', async () => {
  const { code, out, err } = await run('microphone.mjs');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expectUnderstood(out);
});

it('stdin.mjs prints what comes in, with its time', async () => {
  const { code, out, err } = await run('stdin.mjs', [], samples);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^ +\d\.\d {2}\S/);
  expectUnderstood(out.replaceAll(/^ +[\d.]+/gm, ''));
});

describe('websocket/', () => {
  let origin: string;
  beforeEach(async () => {
    const server = start('websocket/server.mjs', [], { PORT: '0' });
    const [line] = await once(server.stdout, 'data');
    origin = `${line}`.trim().replace('Open ', '');
  });

  /** Connects, streams the recording and says "end"; returns what came back. */
  async function stream(parameters: string) {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/${parameters}`);
    const events: { type: string; text: string; stableText: string }[] = [];
    socket.on('message', (data) => events.push(JSON.parse(`${data}`)));
    socket.on('open', () => {
      for (let at = 0; at < samples.length; at += 3200)
        socket.send(samples.subarray(at, at + 3200));
      socket.send('end');
    });
    const [code, reason] = await once(socket, 'close');
    return { code, reason: `${reason}`, events };
  }

  it('answers every client with partial and final events', async () => {
    const [one, other] = await Promise.all([stream('?sampleRate=16000'), stream('')]);
    expect(one).toMatchObject({ code: 1000, reason: '' });
    expect(other.events.at(-1)).toEqual(one.events.at(-1));
    expect(one.events.some(({ type, stableText }) => type === 'partial' && stableText)).toBe(true);
    const finals = one.events.filter(({ type }) => type === 'final');
    expectUnderstood(finals.map(({ text }) => text).join(' '));
  });

  it('tells a client that it asks for what does not go, and serves the next', async () => {
    const { code, reason } = await stream('?sampleRate=1');
    expect({ code, reason }).toEqual({
      code: 1008,
      reason: expect.stringMatching(/^Expected a number of Hz from 8000 to 48000/),
    });
    const socket = new WebSocket(origin.replace('http', 'ws'));
    await once(socket, 'open');
    socket.terminate(); // goes without a word, in the middle of a session
    expect((await stream('')).code).toBe(1000);
  });

  it('outlives clients that do not keep to the protocol', async () => {
    const sent = new WebSocket(origin.replace('http', 'ws'));
    await once(sent, 'open');
    sent.send(new Uint8Array(2 ** 20 + 1));
    expect((await once(sent, 'close'))[0]).toBe(1009); // too long
    const odd = new WebSocket(`${origin.replace('http', 'ws')}//`);
    await once(odd, 'open');
    odd.terminate();
    expect((await stream('')).code).toBe(1000);
  });

  it('serves the page and the worklet it asks for, and nothing else', async () => {
    const page = await (await fetch(origin)).text();
    const [, worklet] = /addModule\('([^']+)'\)/.exec(page)!;
    const answer = await fetch(origin + worklet);
    expect(answer.headers.get('content-type')).toBe('text/javascript');
    expect((await fetch(`${origin}/server.mjs`)).status).toBe(404);
  });
});

it('the worklet of the page gives 16-bit samples, a tenth of a second at a time', () => {
  const sent: Int16Array[] = [];
  let Processor!: new () => { process(inputs: Float32Array[][]): boolean };
  vm.runInNewContext(
    readFileSync(path.join(root, 'examples/websocket/microphone-worklet.js'), 'utf8'),
    {
      AudioWorkletProcessor: class {
        port = { postMessage: (data: Int16Array) => sent.push(data) };
      },
      registerProcessor: (name: string, made: typeof Processor) => {
        expect(name).toBe('microphone');
        Processor = made;
      },
      sampleRate: 1280,
    },
  );
  const processor = new Processor();
  expect(processor.process([[]])).toBe(true);
  expect(sent).toEqual([]);
  expect(processor.process([[Float32Array.of(0.5, -0.5, 2, -2, ...Array(128).fill(0))]])).toBe(
    true,
  );
  expect(sent).toHaveLength(1);
  expect([...sent[0]!.subarray(0, 5)]).toEqual([16384, -16384, 32767, -32768, 0]);
  expect(sent[0]).toHaveLength(128);
});
