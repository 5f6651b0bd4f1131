// Models in every format of codes run in the engine, and compute what their codes stand for.
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ACTIVATION_BITS, type CodeFormat, SCHEMES } from '../../lib/import/code-format.js';
import type { ModelDocument } from '../../lib/import/model-document.js';
import { modelTensors } from '../../lib/import/model-tensors.js';
import { ModelWriter } from '../../lib/import/model-writer.js';
import type { CodeBits } from '../../lib/import/pack.js';
import { SafetensorsReader } from '../../lib/import/safetensors-reader.js';
import { METHODS } from '../../lib/quantize/matrix-quantizer.js';
import { quantizeModel } from '../../lib/quantize/quantize-model.js';
import { verifyModelFile } from '../lib/import/model-file-verifier.js';
import { hear as hearSamples } from './hear.js';
import {
  MODEL_NAMES,
  readRecording,
  recording,
  temporaryFolder,
  writeRandomModel,
} from './models.js';

const BITS: readonly CodeBits[] = [8, 4, 2];
const PIECES = 'tokenizer.pieces';

// Norm of the difference over norm of the encoder's output: what rounding activations changes.
const ERRORS = { 8: { least: 0.003, most: 0.03 }, 4: { least: 0.05, most: 0.5 } } as const;

const folder = temporaryFolder();
let samples: Float32Array;
beforeAll(async () => {
  samples = (await readRecording()).subarray(0, 2 * 16000);
});

/** What the model hears in the recording; nothing is taken for noise. */
const hear = (modelPath: string) =>
  hearSamples(modelPath, samples, { chunkFrames: 0, minConfidence: -1 });

/** Writes the weights that a model's codes stand for as a float32 model. */
async function writeAsFloats(quantized: string): Promise<string> {
  const output = quantized.replace(/\.safetensors$/, '-floats.safetensors');
  const { document: whole, floats } = await verifyModelFile(quantized);
  const { tensors: _, ...document } = whole as ModelDocument & { readonly tensors: unknown };
  const reader = await SafetensorsReader.open(quantized);
  const pieces = await reader.loadBytes(PIECES);
  await reader.close();
  const entries = modelTensors(document)
    .filter(({ name }) => floats.has(name))
    .map(({ name, shape }) => ({ name, kind: 'float', shape }) as const);
  const writer = await ModelWriter.create(output, document, [
    ...entries,
    { name: PIECES, kind: 'bytes', length: pieces.length },
  ]);
  for (const { name } of entries) await writer.write(name, floats.get(name)!);
  await writer.write(PIECES, pieces);
  await writer.finish(document);
  return output;
}

function error(values: Float32Array, expected: Float32Array): number {
  expect(values.length).toBe(expected.length);
  let [difference, norm] = [0, 0];
  expected.forEach((value, i) => {
    difference += (values[i]! - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}

describe.each(SCHEMES)('codes of the scheme %s', (scheme) => {
  describe.each(BITS)('in %i bits', (bits) => {
    const format = { bits, scheme, groupSize: 16 } as const;

    it.each(MODEL_NAMES)('are their floats to the last bit, activations too: %s', async (name) => {
      const model = await writeRandomModel(folder, name, { ...format, activations: 32 });
      expect(await hear(model)).toEqual(await hear(await writeAsFloats(model)));
    });

    it.each([8, 4] as const)('meet activations of %i bits', async (activations) => {
      const model = await writeRandomModel(folder, 'tiny-streaming', { ...format, activations });
      const found = error(
        (await hear(model)).values,
        (await hear(await writeAsFloats(model))).values,
      );
      expect(found).toBeGreaterThan(ERRORS[activations].least);
      expect(found).toBeLessThan(ERRORS[activations].most);
    });
  });
});

describe('a file with floats of float16', () => {
  const format = { groupSize: 16, activations: 32, floats: 'float16' } as const;

  it.each(MODEL_NAMES)('computes what its numbers are in float32: %s', async (name) => {
    for (const [i, scheme] of SCHEMES.entries()) {
      const bits = BITS[i % BITS.length]!;
      const model = await writeRandomModel(folder, name, { ...format, bits, scheme });
      const twin = await writeAsFloats(model);
      expect(await hear(model)).toEqual(await hear(twin));
      expect((await verifyModelFile(model)).halves).toBeGreaterThan(0);
    }
  });
});

it('lets a plan mix formats, by every method of quantizing', async () => {
  const float = await writeRandomModel(folder, 'tiny-streaming', { bits: 32 });
  const formats = SCHEMES.flatMap((scheme) =>
    ACTIVATION_BITS.map((activations): Partial<CodeFormat> => ({ scheme, activations })),
  );
  const matrices = (await verifyModelFile(float)).document as ModelDocument;
  const plan = modelTensors(matrices)
    .filter(({ name, role }) => role === 'matrix' && name !== 'decoder.embedding.weight')
    .map(({ name }, i) => ({ match: name, ...formats[i % formats.length] }));
  for (const method of METHODS) {
    const output = path.join(folder, `mixed-${method}.safetensors`);
    const report = await quantizeModel({
      ...{ source: float, output, plan, method, groupSize: 16, calibration: [recording] },
      indivisible: 'channel',
    });
    expect(new Set(report.tensors.map(({ scheme }) => scheme))).toEqual(
      new Set([...SCHEMES, undefined]),
    );
    const values = (await hear(output)).values;
    const found = error(values, (await hear(await writeAsFloats(output))).values);
    expect(found).toBeLessThan(ERRORS[4].most);
  }
});
