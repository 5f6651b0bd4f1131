// Holds the engine and the importer to the golden files beside this test: the encoder's output within
// rounding, the text exactly.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../lib/import/import-model.js';
import { parsePlan } from '../../lib/import/quantization-plan.js';
import { hear as hearSamples } from '../contract/hear.js';
import { temporaryFolder } from '../contract/models.js';

// Norm of the difference over norm of the golden: what the order of additions in float32 may change.
const MOST_ERROR = 1e-5;
// The same where activations are rounded: a last digit may carry one across to the next integer.
const MOST_ROUNDED_ERROR = 1e-2;

interface Golden {
  readonly text: string;
}

const here = path.dirname(fileURLToPath(import.meta.url));
const temporary = temporaryFolder();

function readGolden<T>(folder: string): T {
  return JSON.parse(readFileSync(path.join(here, folder, 'golden.json'), 'utf8')) as T;
}

function readFloats(...names: string[]): Float32Array {
  const bytes = readFileSync(path.join(here, ...names));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Runs the waveform of the goldens, as one segment, through a model. */
const hear = (modelPath: string, chunkFrames: number) =>
  hearSamples(modelPath, readFloats('waveform.f32'), { chunkFrames, minConfidence: 0 });

/** Imports one of the tiny checkpoints with its weights as they are. */
async function importTiny(source: string, base?: string): Promise<string> {
  const output = path.join(temporary, `${path.basename(source)}.model`);
  const options = { output, bits: 32, groupSize: 'channel', indivisible: 'error' } as const;
  const folder = base === undefined ? {} : { base: path.join(here, base) };
  await importModel({ source: path.join(here, source), ...folder, ...options });
  return output;
}

/** Imports the tiny streaming checkpoint as quantization-aware training rounds it. */
async function importRounded(): Promise<string> {
  const base = path.join(here, 'tiny-streaming');
  const output = path.join(temporary, 'rounded.model');
  const plan = parsePlan(readFileSync(path.join(here, 'tiny-integers', 'plan.json'), 'utf8'));
  const source = path.join(base, 'checkpoint.safetensors');
  await importModel({ source, base, output, plan, bits: 8, clip: 'max' });
  return output;
}

/** The bytes behind a model file's header, which holds the date. */
function tensorsOf(file: Buffer): Buffer {
  return file.subarray(8 + Number(file.readBigUInt64LE()));
}

function error(values: Float32Array, golden: Float32Array): number {
  expect(values.length).toBe(golden.length);
  let difference = 0;
  let norm = 0;
  golden.forEach((expected, i) => {
    difference += (values[i]! - expected) ** 2;
    norm += expected ** 2;
  });
  return Math.sqrt(difference / norm);
}

describe('golden files', () => {
  it('of Moonshine: an imported folder hears what transformers hears', async () => {
    const { values, text } = await hear(await importTiny('tiny-moonshine'), 0);
    expect(error(values, readFloats('tiny-moonshine', 'memory.f32'))).toBeLessThan(MOST_ERROR);
    expect(text).toBe(readGolden<Golden>('tiny-moonshine').text);
  });

  it.each([
    ['13', 13],
    ['27', 27],
    ['53', 53],
    ['whole', -1],
  ])('of the streaming encoder: chunk %s', async (name, chunkFrames) => {
    const source = path.join('tiny-streaming', 'checkpoint.safetensors');
    const { values, text } = await hear(await importTiny(source, 'tiny-streaming'), chunkFrames);
    const golden = readFloats('tiny-streaming', `memory-${name}.f32`);
    expect(error(values, golden)).toBeLessThan(MOST_ERROR);
    expect(text).toBe(readGolden<Record<string, Golden>>('tiny-streaming')[name]!.text);
  });

  it('of quantization-aware training: the importer makes the very file', async () => {
    const made = readFileSync(await importRounded());
    const golden = readFileSync(path.join(here, 'tiny-integers', 'model.safetensors'));
    expect(tensorsOf(made).equals(tensorsOf(golden))).toBe(true);
  });

  it.each([
    ['13', 13],
    ['27', 27],
    ['whole', -1],
  ])('of quantization-aware training: chunk %s', async (name, chunkFrames) => {
    const { values, text } = await hear(await importRounded(), chunkFrames);
    const golden = readFloats('tiny-integers', `memory-${name}.f32`);
    expect(error(values, golden)).toBeLessThan(MOST_ROUNDED_ERROR);
    // The golden stops after 13 tokens; later ones of this random model hang on the last digits.
    const said = readGolden<Record<string, Golden>>('tiny-integers')[name]!.text;
    expect(text.slice(0, said.length)).toBe(said);
  });

  it.each(['relative', 'sinusoidal'])('of a log-mel Conformer: %s positions', async (name) => {
    const folder = `tiny-conformer-${name}`;
    const { values, text } = await hear(path.join(here, folder, 'model.safetensors'), 0);
    expect(error(values, readFloats(folder, 'memory.f32'))).toBeLessThan(MOST_ERROR);
    expect(text).toBe(readGolden<Golden>(folder).text);
  });
});
