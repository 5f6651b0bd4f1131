// Small models of random weights and a recording, for tests of the real engine.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { openAudio } from '../../lib/audio/open-audio.js';
import { importModel } from '../../lib/import/import-model.js';
import type { PlanDefaults } from '../../lib/import/quantization-plan.js';

/** One model for every way of working: by frames, by chunks, by whole segments. */
export const MODEL_NAMES = ['tiny-ctc', 'tiny-streaming', 'tiny-offline'] as const;

export const recording = fileURLToPath(
  new URL('../../examples/audio/librivox-austen-0870.wav', import.meta.url),
);

/** An empty folder that goes when the tests of the file are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a model into `folder` and returns its path; in 4 bits unless `format` says otherwise. */
export async function writeRandomModel(
  folder: string,
  name: (typeof MODEL_NAMES)[number],
  format: PlanDefaults = {},
): Promise<string> {
  const output = path.join(folder, `${[name, ...Object.values(format)].join('-')}.safetensors`);
  await importModel({
    source: `random:${name}:1`,
    output,
    indivisible: 'channel',
    ...format,
    date: new Date(0),
  });
  return output;
}

/** The samples of `recording`: mono, 16 kHz. */
export async function readRecording(): Promise<Float32Array> {
  const { chunks } = await openAudio(recording);
  const samples: number[] = [];
  for await (const chunk of chunks) samples.push(...chunk);
  return Float32Array.from(samples);
}
