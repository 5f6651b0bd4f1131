// `parrotlet quantize` with the real engine on models of random weights: its options, reports, errors.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../lib/cli/program.js';
import { importModel } from '../../../lib/import/import-model.js';
import type { QuantizationReport } from '../../../lib/quantize/quantization-report.js';
import { plotSvg } from '../../../lib/quantize/report-plot.js';
import { recording } from '../../contract/models.js';
import { namesIn } from '../import/files.js';
import { fakeTerminal } from './fake-terminal.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-quantize-'));
const at = (name: string) => path.join(folder, name);
const source = at('float.safetensors');

beforeAll(() => importModel({ source: 'random:tiny-streaming:1', output: source, bits: 32 }));
afterAll(() => rmSync(folder, { recursive: true }));

async function quantize(...args: string[]) {
  const terminal = fakeTerminal({ columns: 90 });
  const code = await runCommandLine(['quantize', ...args], terminal);
  return { code, out: terminal.out(), err: terminal.err() };
}

describe('parrotlet quantize', () => {
  it('prints a table of every matrix', async () => {
    const calibrate = ['--method', 'gptq', '--calibrate', recording];
    const { code, out, err } = await quantize(source, at('a.safetensors'), ...calibrate);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/method gptq, calibrated on \d+\.\d s$/m);
    expect(out).toMatch(/^matrix +bits +scheme +group +activations +clip +SNR dB +output error$/m);
    expect(out).toMatch(
      /^decoder\.embedding\.weight +4 +symmetric +channel +8 +[01]\.\d\d +\d+\.\d +\d\.\de-\d+$/m,
    );
    expect(out).not.toMatch(/^frontend\.conv\.0/m);
  });

  it('takes every option and writes plan and report', async () => {
    const [plan, report] = [at('plan.json'), at('report.json')];
    const { code, err } = await quantize(
      ...[source, at('b.safetensors'), '--weights', 'int2', '--scheme', 'mid-rise'],
      ...['--activations', '4', '--floats', 'float16'],
      ...['--group', '32', '--indivisible', 'channel', '--clip', '0.8', '--clip-error', 'l1'],
      ...['--clip-per', 'channel', '--method', 'hqq', '--name', 'other', '--json'],
      ...['--write-plan', plan, '--report', report],
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const told = JSON.parse(readFileSync(report, 'utf8')) as QuantizationReport;
    expect(told).toMatchObject({ name: 'other', method: 'hqq', calibrationSeconds: 0 });
    const held = { bits: 2, scheme: 'midRise', activations: 4, groupSize: 'channel' };
    const rule = { match: 'decoder.embedding.weight', ...held, clip: 0.8 };
    expect(told.plan).toContainEqual(rule);
    expect(JSON.parse(readFileSync(plan, 'utf8'))).toEqual(told.plan);
    const again = at('again.safetensors');
    const read = await quantize(
      source,
      again,
      '--plan',
      plan,
      '--method',
      'hqq',
      '--name',
      'other',
      ...['--floats', 'float16'],
    );
    expect(read.code).toBe(0);
    expect(readFileSync(again).equals(readFileSync(at('b.safetensors')))).toBe(true);
    const terminal = fakeTerminal({ columns: 90 });
    expect(await runCommandLine(['info', again], terminal)).toBe(0);
    expect(terminal.out()).toMatch(/^schemes +\d+ in midRise$/m);
    expect(terminal.out()).toMatch(/^activations +\d+ in 4 bits$/m);
  });

  it('keeps to a budget, told in units', async () => {
    const { out } = await quantize(source, at('c.safetensors'), '--budget', '90kB', '--json');
    const report = JSON.parse(out) as QuantizationReport;
    expect(report.fileBytes).toBeLessThanOrEqual(90_000);
    expect(readFileSync(at('c.safetensors'))).toHaveLength(report.fileBytes);
    expect(report.sensitivity).toBe('relative weight error x weights');
  });

  it.each(['svg', 'html'])('draws a bar for every matrix as .%s', async (ending) => {
    const file = at(`report.${ending}`);
    const { out } = await quantize(source, at('d.safetensors'), '--report', file, '--json');
    const matrices = (JSON.parse(out) as QuantizationReport).tensors.filter(
      ({ bits }) => bits < 32,
    );
    const text = readFileSync(file, 'utf8');
    expect(text.match(/<rect[^>]*><title>/g)).toHaveLength(matrices.length);
    for (const { name, sqnrDb } of matrices) {
      expect(text).toContain(`<title>${name}: 4 bits, ${sqnrDb.toFixed(1)} dB</title>`);
    }
    expect(text.includes('<table>')).toBe(ending === 'html');
  });

  it('makes names harmless in pictures', () => {
    const format = { bits: 4, groupSize: 16, scheme: 'symmetric', activations: 8 } as const;
    const tensor = { name: '<b>&"', shape: [1, 16], ...format };
    const svg = plotSvg({
      ...{ path: '', name: '<script>', method: 'round', sha256: '', fileBytes: 1, seconds: 1 },
      ...{ float32Bytes: 1, parametersByBits: {}, calibrationSeconds: 0, sensitivity: undefined },
      plan: [],
      tensors: [
        {
          ...tensor,
          ...{ groupFallback: false, bytes: 1, sqnrDb: 3, clip: 1, outputError: undefined },
        },
      ],
    });
    expect(svg).not.toMatch(/<b>|<script>/);
    expect(svg).toContain('&lt;b&gt;&amp;&quot;');
  });

  it.each<[string, string[], RegExp]>([
    [
      'groups of 48',
      ['--group', '48'],
      /Groups of 48 do not divide.*weight".*\(INVALID_ARGUMENT\)/,
    ],
    [
      'a split in 7',
      ['--group', 'split:7'],
      /7 groups.*do not share out the.*weight".*\(INVALID_ARGUMENT\)/,
    ],
    ['a split in thirds', ['--group', 'split:third'], /groupSize must be.*\(INVALID_ARGUMENT\)/],
    ['a clip of 2', ['--clip', '2'], /clip must be.*\(INVALID_ARGUMENT\)/],
    ['gptq alone', ['--method', 'gptq'], /audio files.*\(INVALID_ARGUMENT\)/],
    ['a tiny budget', ['--budget', '1kB'], /takes \d+\..*\(INVALID_ARGUMENT\)/],
    ['bits and budget', ['--budget', '1MB', '-w', 'int4'], /budget.*\(INVALID_ARGUMENT\)/],
    ['a report of another kind', ['--report', 'x.pdf'], /\.json, \.svg, \.html.*\(INVALID_ARG/],
    ['a plan that is not there', ['--plan', 'none.json'], /none\.json.*\(IO_ERROR\)/],
    ['missing audio', ['--calibrate', 'none.wav'], /none\.wav.*\(IO_ERROR\)/],
  ])('exits with 1 and writes nothing for %s', async (_, args, message) => {
    const before = await namesIn(folder);
    const { code, out, err } = await quantize(source, at('refused.safetensors'), ...args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(message);
    expect(await namesIn(folder)).toEqual(before);
  });

  it('names the rule of a plan that decides nothing', async () => {
    writeFileSync(at('wrong.json'), '[{"match": "encoder.nothing", "bits": 8}]');
    const { code, err } = await quantize(
      ...[source, at('refused.safetensors'), '--plan', at('wrong.json')],
    );
    expect(code).toBe(1);
    expect(err).toContain('"encoder.nothing" decides no weight matrix');
  });

  it.each<[string, string[], RegExp]>([
    ['int3', ['--weights', 'int3'], /int2, int4, int8/],
    ['a budget of no size', ['--budget', '3 parrots'], /3MB, 2\.5MiB/],
    ['a clip that is no number', ['--clip', 'some'], /above 0/],
    ['an unknown method', ['--method', 'awq'], /round, hqq, gptq, gptq-fit/],
    ['an unknown scheme', ['--scheme', 'log'], /symmetric, midRise, affine/],
    ['activations of 16 bits', ['--activations', '16'], /8, 4, 32/],
  ])('exits with 2 for %s', async (_, args, message) => {
    const { code, err } = await quantize(source, at('refused.safetensors'), ...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it.each([
    ['3MB', 3_000_000],
    ['2.5MiB', 2_621_440],
    ['800kB', 800_000],
    ['12345', 12_345],
  ])('reads %s as a budget', async (text, bytes) => {
    const { code, out, err } = await quantize(
      source,
      at('e.safetensors'),
      '--budget',
      text,
      '--json',
    );
    if (bytes < 70_000) expect(err).toContain(`a budget of ${bytes} bytes`);
    else
      expect({ code, fits: (JSON.parse(out) as QuantizationReport).fileBytes <= bytes }).toEqual({
        code: 0,
        fits: true,
      });
  });
});
