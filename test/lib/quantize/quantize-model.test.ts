// A whole model quantized: by plan, by budget, with calibration; and what leaves no file behind.
import { link, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseBackend } from '../../../lib/backend/choose.js';
import { SCHEMES } from '../../../lib/import/code-format.js';
import { findScales } from '../../../lib/import/group-scales.js';
import { importModel } from '../../../lib/import/import-model.js';
import { parsePlan } from '../../../lib/import/quantization-plan.js';
import { encodeRows } from '../../../lib/import/quantize.js';
import { SafetensorsReader } from '../../../lib/import/safetensors-reader.js';
import { type QuantizeModelOptions, quantizeModel } from '../../../lib/quantize/quantize-model.js';
import { recording } from '../../contract/models.js';
import { makeWav } from '../audio/make-wav.js';
import { namesIn, temporaryFolder } from '../import/files.js';
import { verifyModelFile } from '../import/model-file-verifier.js';

const TABLE = 'decoder.embedding.weight';
const DATE = new Date('2026-02-03');

/** A float model of random weights, and where to quantize it to. */
async function floatModel(name = 'tiny-streaming') {
  const folder = await temporaryFolder();
  const source = join(folder, 'float.safetensors');
  await importModel({ source: `random:${name}:1`, output: source, bits: 32, date: DATE });
  return { folder, source, output: join(folder, 'out.safetensors') };
}

type Choice = Omit<QuantizeModelOptions, 'source' | 'output'>;

async function quantized(options: Choice, name?: string) {
  const files = await floatModel(name);
  const report = await quantizeModel({ date: DATE, ...files, ...options });
  return { ...files, report, model: await verifyModelFile(files.output) };
}

describe('quantizeModel', () => {
  it('gives what an import in those bits gives', async () => {
    const { folder, model } = await quantized({ bits: 2, groupSize: 32, indivisible: 'channel' });
    const direct = join(folder, 'direct.safetensors');
    await importModel({
      source: 'random:tiny-streaming:1',
      output: direct,
      bits: 2,
      groupSize: 32,
      indivisible: 'channel',
    });
    const expected = await verifyModelFile(direct);
    expect(model.codes).toEqual(expected.codes);
    expect(model.floats).toEqual(expected.floats);
  });

  it('rounds scales to float16 before it finds codes, and counts their bytes in a budget', async () => {
    const format = { floats: 'float16', groupSize: 16, indivisible: 'channel' } as const;
    for (const scheme of SCHEMES) {
      const { source, output, model } = await quantized({ ...format, scheme, bits: 4 });
      expect(model.halves).toBeGreaterThan(0);
      const reader = await SafetensorsReader.open(source);
      const values = await reader.load(TABLE);
      await reader.close();
      const held = await SafetensorsReader.open(output);
      const scales = await held.load(`${TABLE}.scale`);
      const zeros = scheme === 'affine' ? await held.load(`${TABLE}.zero`) : undefined;
      await held.close();
      const grid = { bits: 4, groupSize: 16, scheme } as const;
      expect(model.codes.get(TABLE)).toEqual([
        ...encodeRows(values, { scales, zeros }, grid).codes,
      ]);
    }
    const { report } = await quantized({ ...format, bits: 4 });
    const { report: fitted } = await quantized({ ...format, budget: report.fileBytes });
    expect(fitted.fileBytes).toBeLessThanOrEqual(report.fileBytes);
  });

  it('hands clip, its error and its span down to the scales', async () => {
    const options = { bits: 2, clipError: 'l1', clipPer: 'channel', groupSize: 16 } as const;
    const { source, model } = await quantized({ ...options, indivisible: 'channel' });
    const reader = await SafetensorsReader.open(source);
    const values = await reader.load(TABLE);
    await reader.close();
    const depth = 32;
    const grid = { bits: 2, groupSize: 16, scheme: 'symmetric' } as const;
    const format = { ...grid, clip: 'search', clipError: 'l1' } as const;
    const scales = findScales(values, { ...format, clipSpan: depth });
    expect(model.codes.get(TABLE)).toEqual([...encodeRows(values, scales, format).codes]);
  });

  it.each(['hqq', 'gptq', 'gptq-fit'] as const)(
    'runs in the engine when made by %s',
    async (method) => {
      const { output, report } = await quantized({ method, calibration: [recording] });
      const model = await chooseBackend().backend.loadModelFile(output, 0);
      expect(JSON.parse(model.describe())).toMatchObject({
        bits: { 4: expect.any(Number) },
        card: { quantized: '2026-02-03', quantization: { method } },
      });
      model.close();
      expect(report.calibrationSeconds).toBeGreaterThan(5);
      const matrices = report.tensors.filter(({ bits }) => bits === 4);
      expect(matrices.length).toBeGreaterThan(10);
      for (const { name, outputError, clip } of matrices) {
        expect(outputError, name).toBeGreaterThan(0);
        expect(outputError, name).toBeLessThan(0.1);
        expect(clip, name).toBeGreaterThan(0.5);
      }
    },
  );

  it('hears many files beside each other, and each time the same', async () => {
    const files = await floatModel();
    const calibrated = async (calibration: string[]) => {
      const report = await quantizeModel({ date: DATE, ...files, method: 'gptq', calibration });
      return { bytes: await readFile(files.output), seconds: report.calibrationSeconds };
    };
    const many = new Array<string>(6).fill(recording); // more than there are sessions
    const [first, second] = [await calibrated(many), await calibrated(many)];
    expect(second.bytes.equals(first.bytes)).toBe(true);
    const { seconds } = await calibrated([recording]);
    expect(first.seconds).toBeCloseTo(6 * seconds, 9);
  });

  it('errs less in every output by gptq than by rounding', async () => {
    const errors = async (method: 'round' | 'gptq') => {
      const { report } = await quantized({ method, bits: 2, calibration: [recording] });
      return new Map(report.tensors.map(({ name, outputError }) => [name, outputError]));
    };
    const [rounded, fed] = [await errors('round'), await errors('gptq')];
    for (const [name, error] of fed) {
      if (error !== undefined) expect(error, name).toBeLessThan(0.9 * rounded.get(name)!);
    }
  });

  it.each([undefined, [recording]])(
    'meets budgets to the byte (calibration: %s)',
    async (audio) => {
      const { source, folder } = await floatModel();
      const bytesIn = async (options: Choice) => {
        const output = join(folder, 'any.safetensors');
        const report = await quantizeModel({ source, output, date: DATE, ...options });
        expect(report.fileBytes).toBe((await stat(output)).size);
        return report;
      };
      const largestStep = (64 * 224) / 2 + 64; // the largest matrix from 4 to 8 bits, and rounding of the header
      const calibrated = audio && { calibration: audio };
      const least = (await bytesIn({ bits: 2, ...calibrated })).fileBytes;
      const most = (await bytesIn({ bits: 8, ...calibrated })).fileBytes;
      for (const budget of [least, least + 3000, most - 1, 10 * most]) {
        const report = await bytesIn({ budget, ...calibrated });
        expect(report.fileBytes).toBeLessThanOrEqual(budget);
        expect(report.fileBytes).toBeGreaterThan(Math.min(most, budget) - largestStep);
        expect(report.sensitivity).toContain(audio ? 'output' : 'weight');
      }
      const mixed = await bytesIn({ budget: (least + most) >> 1, ...calibrated });
      expect(Object.keys(mixed.parametersByBits).length).toBeGreaterThan(2);
      await expect(bytesIn({ budget: least - 1, ...calibrated })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(String(least)),
      });
    },
  );

  it('counts the bytes of zeros in a budget', async () => {
    const format = { groupSize: 16, indivisible: 'channel' } as const;
    const fewest = async (scheme: 'symmetric' | 'affine') => {
      const { report } = await quantized({ ...format, scheme, bits: 2 });
      return report;
    };
    const [symmetric, affine] = [await fewest('symmetric'), await fewest('affine')];
    expect(affine.fileBytes).toBeGreaterThan(symmetric.fileBytes);
    const { report } = await quantized({ ...format, scheme: 'affine', budget: affine.fileBytes });
    expect(report.fileBytes).toBe(affine.fileBytes);
    await expect(
      quantized({ ...format, scheme: 'affine', budget: affine.fileBytes - 1 }),
    ).rejects.toThrow(`takes ${affine.fileBytes}`);
  });

  it('writes plans that make the same file again', async () => {
    const rule = { match: TABLE, bits: 8, clip: 0.9 } as const;
    const { source, folder, report, output } = await quantized({
      budget: 90_000,
      plan: [rule],
    });
    const held = { scheme: 'symmetric', activations: 8, groupSize: 'channel' };
    expect(report.plan).toContainEqual({ ...rule, ...held });
    const again = join(folder, 'again.safetensors');
    const plan = parsePlan(JSON.stringify(report.plan));
    await quantizeModel({ source, output: again, plan, date: DATE });
    expect((await readFile(again)).equals(await readFile(output))).toBe(true);
  });

  it('tells how far it is', async () => {
    const stages = new Map<string, number[]>();
    await quantized({
      budget: 90_000,
      calibration: [recording],
      onProgress: ({ stage, done, total }) => {
        stages.set(stage, [...(stages.get(stage) ?? []), done / total]);
      },
    });
    expect([...stages.keys()]).toEqual(['calibrate', 'measure', 'quantize']);
    for (const shares of stages.values()) {
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.at(-1)).toBe(1);
    }
  });
});

describe('nothing is written', () => {
  async function refused(choice: Choice, name?: string): Promise<Error & { code: string }> {
    const { folder, source, output } = await floatModel(name);
    const error = await quantizeModel({ source, output, ...choice }).catch((cause) => cause);
    expect(await namesIn(folder)).toEqual(['float.safetensors']);
    return error;
  }

  it.each<[string, Choice, RegExp]>([
    ['a group that does not divide', { groupSize: 48 }, /Groups of 48 do not divide .*weight"/],
    ['a scheme of no name', { scheme: 'log' as 'affine' }, /symmetric, midRise, affine.*log/],
    ['activations of 16 bits', { activations: 16 as 8 }, /8, 4 or 32/],
    [
      'scales that no float model stores',
      { plan: [{ match: TABLE, clip: 'stored' }] },
      /no stored scales for "decoder\.embedding\.weight"/,
    ],
    ['a plan that names no layer', { plan: [{ match: 'nothing.*' }] }, /"nothing\.\*" decides no/],
    ['gptq without audio', { method: 'gptq' }, /audio files.* gptq /],
    ['gptq-fit without audio', { method: 'gptq-fit' }, /audio files.* gptq-fit /],
    ['no audio files', { calibration: [] }, /at least one/],
    ['bits beside a budget', { bits: 4, budget: 1e6 }, /budget/],
    ['a clip beyond 1', { clip: 1.1 }, /clip must be/],
    ['half a byte', { budget: 0.5 }, /whole number of bytes/],
  ])('for %s', async (_, choice, message) => {
    const { code, message: text } = await refused(choice);
    expect(code).toBe('INVALID_ARGUMENT');
    expect(text).toMatch(message);
  });

  it('for audio that is missing, naming it', async () => {
    const others = new Array<string>(5).fill(recording);
    const { code, message } = await refused({ calibration: [...others, 'none.wav'] });
    expect(code).toBe('IO_ERROR');
    expect(message).toMatch(/^none\.wav: /);
  });

  it('for audio without speech, naming a matrix that heard none', async () => {
    const silence = join(await temporaryFolder(), 'silence.wav');
    const format = { tag: 1, bits: 16, sampleRate: 16000, channels: 1 };
    await writeFile(silence, makeWav({ ...format, data: new Uint8Array(32000) }));
    const { code, message } = await refused({ method: 'gptq', calibration: [silence] });
    expect(code).toBe('INVALID_ARGUMENT');
    expect(message).toMatch(/never reached "frontend.*clear speech/);
  });

  it('when it is aborted on the way', async () => {
    const abort = new AbortController();
    const { code } = await refused({
      signal: abort.signal,
      onProgress: ({ done }) => done > 5000 && abort.abort(),
    });
    expect(code).toBe('ABORTED');
  });

  it('over the source, under whatever name', async () => {
    const { folder, source } = await floatModel();
    const before = await readFile(source);
    const other = join(folder, 'other.safetensors');
    await link(source, other);
    for (const output of [source, join(folder, '.', 'float.safetensors'), other]) {
      await expect(quantizeModel({ source, output })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('another file than the source'),
      });
    }
    expect(await readFile(source)).toEqual(before);
  });

  it('for a model of integers, saying how to make one of floats', async () => {
    const { folder, output } = await quantized({});
    const twice = join(folder, 'twice.safetensors');
    await expect(quantizeModel({ source: output, output: twice })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/in 4 bits already.*import CHECKPOINT --bits 32/),
    });
    expect(await namesIn(folder)).toEqual(['float.safetensors', 'out.safetensors']);
  });

  it('for a damaged model', async () => {
    const { folder, source } = await floatModel();
    const damaged = join(folder, 'damaged.safetensors');
    const bytes = await readFile(source);
    bytes[bytes.length - 5]! ^= 1;
    await writeFile(damaged, bytes);
    const output = join(folder, 'out.safetensors');
    await expect(quantizeModel({ source: damaged, output })).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM',
    });
    await expect(quantizeModel({ source: recording, output })).rejects.toMatchObject({
      code: expect.stringMatching(/^MODEL_/),
    });
  });
});

it('quantizes models of every architecture', async () => {
  for (const name of ['tiny-ctc', 'tiny-offline']) {
    const { report } = await quantized({ method: 'gptq', calibration: [recording] }, name);
    expect(report.parametersByBits[4], name).toBeGreaterThan(10_000);
  }
});
