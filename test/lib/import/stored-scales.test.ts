// Scales and zeros that a checkpoint holds beside its weights: taken as they are, or left aside and told.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ImportOptions, importModel } from '../../../lib/import/import-model.js';
import { formatReport } from '../../../lib/import/import-report.js';
import type { PlanRule } from '../../../lib/import/quantization-plan.js';
import { namesIn, temporaryFolder, valuesFor, writeCheckpoint } from './files.js';
import { verifyModelFile } from './model-file-verifier.js';
import { moonshineFolder, streamingTensors, type Tensors } from './tiny-moonshine.js';

const MATRIX = 'encoder.conv.0.p1.weight'; // [2 * DIM, DIM]
const CONVOLUTION = 'encoder.e.conv2.weight'; // [2 * DIM, DIM, 7]
const PARTS = ['q', 'k', 'v'].map((part) => `encoder.e.layers.0.self_attn.${part}_proj.weight`);

/** Scales, and zeros if wanted, beside a tensor of the checkpoint, none of which a clip would find. */
function beside(tensors: Tensors, name: string, group: number, zeros: boolean): Tensors {
  const [outputs = 0, ...inputs] = tensors[name]!.shape;
  const shape = [outputs, inputs.reduce((a, b) => a * b, 1) / group];
  const values = valuesFor(shape[0]! * shape[1]!, name.length);
  return {
    [`${name}.scale`]: { shape, values: values.map((x) => 0.05 + Math.abs(x) / 10) },
    ...(zeros && { [`${name}.zero`]: { shape, values: values.map((x) => x / 7) } }),
  };
}

const RULE = { bits: 4, groupSize: 16, scheme: 'affine', clip: 'stored' } as const;
const PLAN: readonly PlanRule[] = [
  { match: 'encoder.layers.0.conv.in.weight', ...RULE },
  { match: 'encoder.layers.0.attention.qkv.weight', ...RULE },
  { match: 'frontend.conv.1.weight', ...RULE },
];

/** A checkpoint with affine scales in groups of 16 for the matrices of the plan; `changes` over them. */
function trained(changes: Tensors = {}): Tensors {
  const tensors = streamingTensors();
  const scales = [MATRIX, CONVOLUTION, ...PARTS].map((name) => beside(tensors, name, 16, true));
  return Object.assign({}, tensors, ...scales, changes);
}

type Choice = Pick<ImportOptions, 'bits' | 'clip' | 'scheme' | 'floats'> & {
  readonly plan?: typeof PLAN;
};

async function run(tensors: Tensors, options: Choice = {}) {
  const folder = await temporaryFolder();
  const source = join(folder, 'trial.safetensors');
  await writeCheckpoint(source, tensors);
  const base = await moonshineFolder();
  const output = join(folder, 'model.safetensors');
  const write = () => importModel({ source, base, output, bits: 32, plan: PLAN, ...options });
  return { folder, output, write };
}

describe('stored scales', () => {
  it('decide codes and stand in the file as they are', async () => {
    const tensors = trained();
    const { output, write } = await run(tensors);
    const report = await write();
    expect(report.unusedScales).toEqual([]);
    const { codes, floats } = await verifyModelFile(output);
    const joined = (names: readonly string[]) =>
      names.flatMap((name) => Array.from(tensors[name]!.values));
    const [outputs, inputs, kernel] = tensors[CONVOLUTION]!.shape as [number, number, number];
    // In the file the inputs of a convolution are [kernel][inputs].
    const convolution = Array.from({ length: outputs * inputs * kernel }, (_, i) => {
      const row = Math.floor(i / (inputs * kernel)) * inputs * kernel;
      const k = Math.floor((i - row) / inputs);
      return tensors[CONVOLUTION]!.values[row + (i % inputs) * kernel + k]!;
    });
    for (const [name, parts, weights] of [
      ['encoder.layers.0.conv.in.weight', [MATRIX], joined([MATRIX])],
      ['encoder.layers.0.attention.qkv.weight', PARTS, joined(PARTS)],
      ['frontend.conv.1.weight', [CONVOLUTION], convolution],
    ] as const) {
      const scales = Float32Array.from(joined(parts.map((part) => `${part}.scale`)));
      const zeros = Float32Array.from(joined(parts.map((part) => `${part}.zero`)));
      Float32Array.from(weights).forEach((w, i) => {
        const [scale, zero] = [scales[i >> 4]!, zeros[i >> 4]!];
        const at = Math.fround(Math.fround(w / scale) + Math.fround(zero / scale));
        const q = Math.max(-8, Math.min(7, Math.floor(Math.fround(at + 0.5)))) + 0;
        expect(codes.get(name)![i]! + 0, name).toBe(q);
        expect(floats.get(name)![i], name).toBe(Math.fround(Math.fround(scale * q) - zero));
      });
    }
  });

  it('are left aside unless they are asked for, and the report says so', async () => {
    const { output, write } = await run(trained(), { bits: 4, plan: [] });
    const report = await write();
    expect([...report.unusedScales].sort()).toEqual(
      [MATRIX, CONVOLUTION, ...PARTS].flatMap((name) => [`${name}.scale`, `${name}.zero`]).sort(),
    );
    expect(formatReport(report)).toMatch(/left aside: 10 tensors of scales .*--clip stored/);
    const plain = await run(streamingTensors(), { bits: 4, plan: [] });
    expect((await plain.write()).unusedScales).toEqual([]);
    const { floats } = await verifyModelFile(output);
    expect(floats).toEqual((await verifyModelFile(plain.output)).floats);
  });

  it('hold for every matrix by the option, and for none that stays float', async () => {
    const { write } = await run(trained(), { bits: 4, clip: 'stored', scheme: 'affine', plan: [] });
    await expect(write()).rejects.toThrow(
      /conv2\.weight\.scale" in the shape \[32, 1\].*not \[32, 7\]/,
    );
    const floats = await run(trained(), { bits: 32, clip: 'stored', plan: [] });
    expect((await floats.write()).unusedScales).toHaveLength(10);
  });

  const scale = trained()[`${MATRIX}.scale`]!;
  const changed = (value: number) => {
    return { ...scale, values: Array.from(scale.values, (old, i) => (i === 3 ? value : old)) };
  };

  it.each<[string, Tensors, string, RegExp]>([
    [
      'are of other groups',
      { [`${MATRIX}.scale`]: { shape: [32, 2], values: Array(64).fill(1) } },
      'MODEL_SHAPE',
      /p1\.weight\.scale" in the shape \[32, 1\].*not \[32, 2\].*group size/,
    ],
    [
      'are negative',
      { [`${MATRIX}.scale`]: changed(-0.5) },
      'MODEL_MALFORMED',
      /p1\.weight\.scale" holds the negative number -0\.5/,
    ],
    [
      'are minus zero',
      { [`${MATRIX}.scale`]: changed(-0) },
      'MODEL_MALFORMED',
      /p1\.weight\.scale/,
    ],
    [
      'are no numbers',
      { [`${MATRIX}.scale`]: changed(Number.NaN) },
      'MODEL_MALFORMED',
      /p1\.weight\.scale" is not a finite/,
    ],
    [
      'have an infinite zero',
      { [`${MATRIX}.zero`]: changed(Infinity) },
      'MODEL_MALFORMED',
      /p1\.weight\.zero" is not a finite/,
    ],
    [
      'are 0 where the zero is not',
      { [`${MATRIX}.scale`]: changed(0) },
      'MODEL_MALFORMED',
      /p1\.weight\.zero" holds .* where the scale is 0/,
    ],
    [
      'are negative in the second of three parts',
      {
        [`${PARTS[1]}.scale`]: { shape: [16, 1], values: Array(16).fill(-1) },
      },
      'MODEL_MALFORMED',
      /k_proj\.weight\.scale"/,
    ],
  ])('are refused by name where they %s', async (_, changes, code, message) => {
    const { folder, write } = await run(trained(changes));
    await expect(write()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await namesIn(folder)).toEqual(['trial.safetensors']);
  });

  it('are refused by name where one is missing, or is of another scheme', async () => {
    const { [`${MATRIX}.zero`]: _, ...without } = trained();
    const missing = await run(without);
    await expect(missing.write()).rejects.toThrow(/p1\.weight\.zero" .* but there is none/);
    const symmetric = PLAN.map((rule) => ({ ...rule, scheme: 'symmetric' as const }));
    const other = await run(trained(), { plan: symmetric });
    await expect(other.write()).rejects.toThrow(/weight\.zero", so .* affine, not symmetric/);
  });

  it('are not rounded to float16, which would find other codes: they are refused by name', async () => {
    const { folder, write } = await run(trained(), { floats: 'float16' });
    await expect(write()).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/\.scale" holds .* no float16/),
    });
    expect(await namesIn(folder)).toEqual(['trial.safetensors']);
  });

  it('stand in a file of float16 where they are of float16', async () => {
    const halved = Object.entries(trained()).map(([name, { shape, values }]) => {
      const coarse = Array.from(values, (value) => Math.round(value * 512) / 512);
      return [name, { shape, values: /\.(scale|zero)$/.test(name) ? coarse : values }] as const;
    });
    const tensors: Tensors = Object.fromEntries(halved);
    const plain = await run(tensors);
    await plain.write();
    const halves = await run(tensors, { floats: 'float16' });
    await halves.write();
    const expected = await verifyModelFile(plain.output);
    const found = await verifyModelFile(halves.output);
    expect(found.codes).toEqual(expected.codes);
    expect(found.floats.get(PLAN[0]!.match)).toEqual(expected.floats.get(PLAN[0]!.match));
    expect(found.bytes.length).toBeLessThan(expected.bytes.length);
  });
});
