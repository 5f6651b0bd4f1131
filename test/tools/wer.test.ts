// The score of the accuracy report against transformers' normalizer, jiwer and NIST's sclite.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { normalizeEnglish } from '../../tools/accuracy/normalize-english.mjs';
import {
  capped,
  confidenceInterval,
  countEdits,
  errorPercent,
  scoreUtterance,
} from '../../tools/accuracy/wer.mjs';

interface Golden {
  readonly normalized: readonly (readonly [text: string, normalized: string])[];
  readonly edits: readonly (readonly [reference: string, heard: string, edits: number])[];
}
const golden = JSON.parse(
  readFileSync(new URL('wer-golden.json', import.meta.url), 'utf8'),
) as Golden;

const split = (text: string) => text.split(' ').filter(Boolean);

describe('normalizeEnglish', () => {
  it.each(golden.normalized)('writes %j as transformers does', (text, normalized) => {
    expect(normalizeEnglish(text)).toBe(normalized);
  });

  it('keeps a word that is no number: "point and", and knows the ninth', () => {
    expect(normalizeEnglish('a point and the ninth')).toBe('a point and the 9th');
  });
});

describe('countEdits', () => {
  it.each(golden.edits)('finds in %j for %j the edits that jiwer finds', (ref, heard, edits) => {
    expect(countEdits(split(ref), split(heard))).toBe(edits);
  });
});

describe('error rate', () => {
  const scores = [
    { edits: 1, words: 10 },
    { edits: 0, words: 10 },
    { edits: 5, words: 20 },
  ];

  it('weighs utterances by their words', () => {
    expect(errorPercent(scores)).toBe(15);
  });

  it('counts normalized words', () => {
    expect(scoreUtterance("IT'S TWENTY ONE", 'It is 21.')).toEqual({ edits: 0, words: 3 });
  });

  it('caps an endless loop at two errors a word', () => {
    expect(capped({ edits: 99, words: 4 })).toEqual({ edits: 8, words: 4 });
  });

  it('gives an interval around the rate, the same for the same seed', () => {
    const [low, high] = confidenceInterval(scores, { seed: 7 });
    expect(low).toBeLessThan(15);
    expect(high).toBeGreaterThan(15);
    expect(confidenceInterval(scores, { seed: 7 })).toEqual([low, high]);
  });

  it('gives an interval as wide as theory says', () => {
    // 400 utterances of one word, one in four wrong: 25 % +- 1.96 * sqrt(0.25 * 0.75 / 400).
    const flips = Array.from({ length: 400 }, (_, i) => ({ edits: i % 4 === 0 ? 1 : 0, words: 1 }));
    const [low, high] = confidenceInterval(flips, { resamples: 4000 });
    expect(low).toBeCloseTo(25 - 4.24, 0);
    expect(high).toBeCloseTo(25 + 4.24, 0);
  });
});

const sclite = ['sclite', 'sctk'].find((name) => {
  try {
    execFileSync('which', [name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

// Where it is not installed, jiwer's goldens above still hold.
describe.skipIf(sclite === undefined)('sclite (skipped without Debian package sctk)', () => {
  it('finds the same errors', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wer-'));
    // A few changed words in each text, so that sclite's weighted alignment is also a shortest one.
    const pairs = golden.normalized
      .map(([, text]) => split(text))
      .filter((words) => words.length > 4)
      .map((words) => [words, words.flatMap((w, i) => [[w, 'extra'], [], ['other'], [w]][i % 4]!)]);
    const lines = (side: 0 | 1) =>
      pairs.map((pair, i) => `${pair[side]!.join(' ')} (speaker-${i})`).join('\n');
    writeFileSync(join(folder, 'ref'), `${lines(0)}\n`);
    writeFileSync(join(folder, 'hyp'), `${lines(1)}\n`);
    const words = sclite === 'sctk' ? ['sclite'] : [];
    const report = execFileSync(
      sclite!,
      [...words, '-r', 'ref', 'trn', '-h', 'hyp', 'trn', '-i', 'rm', '-o', 'rsum', 'stdout'],
      { cwd: folder, encoding: 'utf8' },
    );
    rmSync(folder, { recursive: true });
    // | Sum | sentences words | correct substituted deleted inserted errors ...
    const [, sum] = /\|\s*Sum\s*\|([\d\s|]+)\|/.exec(report)!;
    const [, referenceWords, , , , , errors] = sum!.match(/\d+/g)!.map(Number);
    expect(referenceWords).toBe(pairs.reduce((n, [ref]) => n + ref!.length, 0));
    expect(errors).toBe(pairs.reduce((n, [ref, heard]) => n + countEdits(ref!, heard!), 0));
  });
});
