// The sample recordings against their transcripts, with the model of this package.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultModelPath } from '../../../lib/default-model.js';
import { scoreUtterance } from '../../../tools/accuracy/wer.mjs';
import { root, run } from './executable.js';

const samples = path.join(root, 'examples/audio');
const references = readFileSync(path.join(samples, 'transcripts.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [name: string, seconds: string, text: string]);

// Only a checkout whose model has not been made yet is without it.
describe.runIf(existsSync(defaultModelPath()))('the default model', () => {
  it.each(references)('understands %s', async (name, seconds, reference) => {
    const { code, out } = await run(['transcribe', '--json', path.join(samples, name)]);
    expect(code).toBe(0);
    const { text, durationSeconds } = JSON.parse(out);
    expect(durationSeconds).toBe(Number(seconds));
    const { edits, words } = scoreUtterance(reference, text);
    // The second recording is hard on the model: 4 of its 14 words are wrong.
    expect(edits / words, text).toBeLessThan(0.3);
  });
});
