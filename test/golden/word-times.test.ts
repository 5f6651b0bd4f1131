// Word times of the default model against a recording whose word borders are known by construction.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadModel, type TranscriptEvent, transcribe, type Word } from '../../lib/index.js';

// Seconds. Measured at most 0.10 for one border, but 0.22 for an s in chunks of 312 ms, and 0.04 in the
// mean; one attention frame hears 0.056.
const MOST_ERROR = 0.25;
const MOST_MEAN_ERROR = 0.08;

interface Border {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'known-borders');
const recording = path.join(folder, 'words.wav');
const borders = JSON.parse(readFileSync(path.join(folder, 'borders.json'), 'utf8')) as Border[];

const bare = (word: Word): string => word.text.toLowerCase().replace(/[^a-z']/g, '');

it.each([312, 648, 1272, 'segment'] as const)(
  'tells when words were said, chunk %s',
  async (chunkMs) => {
    const model = await loadModel('default');
    const { words } = await transcribe(model, recording, { chunkMs });
    model.close();
    expect(words.length).toBe(borders.length);
    const misheard = words.filter((word, i) => bare(word) !== borders[i]!.word);
    expect(misheard.length, misheard.map(bare).join()).toBeLessThanOrEqual(1); // by a synthetic voice
    const errors = words.flatMap((word, i) => {
      const border = borders[i] as Border;
      return [Math.abs(word.start - border.start), Math.abs(word.end - border.end)];
    });
    expect(Math.max(...errors)).toBeLessThan(MOST_ERROR);
    expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(MOST_MEAN_ERROR);
  },
);

it('never changes a stable word, and ends with what was stable', async () => {
  const model = await loadModel('default');
  const events: TranscriptEvent[] = [];
  await transcribe(model, recording, { partials: true, onEvent: (event) => events.push(event) });
  model.close();
  expect(events.length).toBeGreaterThan(5);
  let stable = '';
  for (const event of events) {
    expect(event.text.startsWith(event.stableText)).toBe(true);
    expect(event.text.startsWith(stable)).toBe(true);
    stable = event.type === 'final' ? '' : event.stableText;
  }
});
