// Usage, exit codes, doctor, info, and that docs/command-line.md says what --help says.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../lib/cli/doctor.js';
import { formatInfo } from '../../../lib/cli/info.js';
import { createProgram, runCommandLine } from '../../../lib/cli/program.js';
import { ParrotletError } from '../../../lib/errors.js';
import { Model } from '../../../lib/model.js';
import type { BackendInfo } from '../../../lib/runtime.js';
import { FakeModel } from '../fake-backend.js';
import { fakeTerminal } from './fake-terminal.js';

const root = path.resolve(import.meta.dirname, '../../..');

async function run(...args: string[]) {
  const terminal = fakeTerminal({ columns: 90 });
  const code = await runCommandLine(args, terminal);
  return { code, out: terminal.out(), err: terminal.err() };
}

describe('exits with 2 and writes nothing to stdout for', () => {
  it.each([
    ['no command', [], /Usage: parrotlet/],
    ['an unknown command', ['sing'], /unknown command 'sing'/],
    ['an unknown option', ['transcribe', 'a.wav', '--loud'], /unknown option '--loud'/],
    ['no file', ['transcribe'], /missing required argument 'file'/],
    ['a beam that is no number', ['transcribe', 'a.wav', '--beam', 'x'], /a number above 0/],
    ['a chunk that is no number', ['transcribe', 'a.wav', '--chunk', '0'], /a number above 0/],
    ['a speed below 0', ['transcribe', 'a.wav', '--speed', '-1'], /a number above 0/],
    ['a length of 0 s', ['listen', '--seconds', '0'], /a number above 0/],
    ['a file to listen to', ['listen', 'a.wav'], /too many arguments/],
    ['an import without output', ['import', 'folder'], /required option/],
    ['5 bits', ['import', 'folder', '-o', 'x', '--bits', '5'], /2, 4, 8, 32/],
    ['a scheme of no name', ['import', 'f', '-o', 'x', '--scheme', 'log'], /midRise, affine/],
    ['activations of 16 bits', ['import', 'f', '-o', 'x', '--activations', '16'], /8, 4, 32/],
    ['a calibration of one number', ['import', 'f', '-o', 'x', '--confidence', '1'], /0.75,-0.1/],
    ['heads that are no pairs', ['import', 'f', '-o', 'x', '--alignment-heads', '3'], /3:2,4:5/],
    ['too many arguments', ['doctor', 'please'], /too many arguments/],
  ])('%s', async (_, args, message) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });
});

it('prints its version', async () => {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const flag of ['--version', '-V']) {
    expect(await run(flag)).toEqual({ code: 0, out: `${version}\n`, err: '' });
  }
});

it.each([[], ['transcribe'], ['listen'], ['info'], ['import'], ['doctor']])(
  'prints help on %s',
  async (...command) => {
    const { code, out, err } = await run(...command, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^Usage: ${['parrotlet', ...command].join(' ')} `));
  },
);

it('exits with 1 and names the code when a model is missing', async () => {
  for (const args of [
    ['info', 'none.safetensors'],
    ['transcribe', 'a.wav', '-m', 'none'],
  ]) {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^parrotlet: Expected a model file at none.*\(MODEL_NOT_FOUND\)\n$/);
  }
});

it('exits with 1 and says what was wrong when a source cannot be imported', async () => {
  const { code, err } = await run('import', 'no-such-folder', '-o', 'never-written.safetensors');
  expect(code).toBe(1);
  expect(err).toMatch(/^parrotlet: .*\([A-Z_]+\)\n$/);
});

it('exits with 130 when it was interrupted', async () => {
  const terminal = fakeTerminal();
  terminal.interrupt();
  expect(await runCommandLine(['transcribe', 'a.wav'], terminal)).toBe(130);
  expect(terminal.err()).toBe('');
});

describe('doctor', () => {
  const backend: BackendInfo = {
    ...{ backend: 'native', path: '/somewhere/parrotlet.node', version: '0.1.0' },
    attempts: [{ backend: 'native', error: undefined }],
    ...{ target: 'avx2', targets: ['avx512vnni', 'avx2', 'scalar'], supported: ['avx2', 'scalar'] },
    ...{ forced: null, error: null, platform: 'linux', arch: 'x64' },
    ...{ nodeVersion: '20.0.0', napiVersion: '9' },
  };
  async function examine(flags: { json?: boolean }, getBackend: () => BackendInfo) {
    const terminal = fakeTerminal();
    return { code: await diagnose(flags, terminal, getBackend), out: terminal.out() };
  }

  it('tells what runs, from where and why', async () => {
    const { code, out } = await examine({}, () => backend);
    expect(code).toBe(0);
    expect(out).toContain('/somewhere/parrotlet.node');
    expect(out).toContain('avx2, the fastest of this build that this CPU has');
    expect(out).toContain(process.versions.node);
  });

  it('tells that the target was forced', async () => {
    const { out } = await examine({}, () => ({ ...backend, forced: 'scalar', target: 'scalar' }));
    expect(out).toContain('scalar, because PARROTLET_TARGET says so');
  });

  it('exits with 1 when no target could be chosen', async () => {
    const error = 'PARROTLET_TARGET is "neon", which this CPU lacks.';
    const { code, out } = await examine({}, () => ({ ...backend, target: null, error }));
    expect(code).toBe(1);
    expect(out).toContain(error);
  });

  it('exits with 1 and every attempt when no backend loads', async () => {
    const unavailable = () => {
      throw new ParrotletError('BACKEND_UNAVAILABLE', 'Tried:\n  native: no such file');
    };
    const { code, out } = await examine({ json: true }, unavailable);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ...{ node: process.versions.node, backend: null },
      problems: expect.arrayContaining([expect.stringContaining('native: no such file')]),
    });
  });

  it('passes on what is not about a missing backend', async () => {
    const broken = () => {
      throw new TypeError('a defect');
    };
    await expect(examine({}, broken)).rejects.toThrow('a defect');
  });
});

it('describes a model with its card', () => {
  const text = formatInfo(new Model(new FakeModel()).info);
  expect(text).toMatch(/^name +fake$/m);
  expect(text).toMatch(/^parameters +30 \(30 in 4 bits\)$/m);
  expect(text).toMatch(/^chunks +312, 648 ms$/m);
  expect(text).toMatch(/^licence +none$/m);
  expect(text).not.toContain('look-ahead');
  const floats = { ...new Model(new FakeModel()).info, bits: { 4: 20, 32: 10 } };
  expect(formatInfo(floats)).toMatch(/^parameters +30 \(20 in 4 bits, 10 in floats\)$/m);
  const ahead = { ...new Model(new FakeModel()).info, defaultLookAheadMs: 240 };
  expect(formatInfo(ahead)).toMatch(/^look-ahead +240 ms$/m);
});

it('describes schemes and activations where a card counts them', () => {
  const { info } = new Model(new FakeModel());
  const counts = { parametersByScheme: { affine: 2e6, symmetric: 30 } };
  const activations = { parametersByActivationBits: { 4: 10 } };
  const text = formatInfo({ ...info, card: { ...counts, ...activations } });
  expect(text).toMatch(/^schemes +2\.00 M in affine, 30 in symmetric$/m);
  expect(text).toMatch(/^activations +10 in 4 bits$/m);
  expect(text).not.toContain('parametersBy');
  expect(formatInfo(info)).not.toMatch(/^(schemes|activations) /m);
});

it('docs/command-line.md holds the help of every command', () => {
  const page = readFileSync(path.join(root, 'docs/command-line.md'), 'utf8');
  const program = createProgram(fakeTerminal({ columns: 90 }), () => {});
  for (const command of [program, ...program.commands]) {
    expect(page).toContain(`\`\`\`text\n${command.helpInformation()}\`\`\``);
  }
});
