// How long runs keep what they did, and how transcripts become a row of the accuracy page.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addLines, type Recording, readLines } from '../../tools/accuracy/json-lines.mjs';
import { scoreSubset } from '../../tools/accuracy/rows.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parrotlet-rows-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('addLines', () => {
  const rows = ['a', 'b', 'c'].map((path, i): Recording => ({ path, seconds: i + 1 }));

  it('asks for what is missing, also for a line that was cut short', async () => {
    const file = join(folder, 'deep/lines.jsonl');
    const asked: string[] = [];
    const seconds: number[] = [];
    const run = () =>
      addLines({
        ...{ file, rows, jobs: 2 },
        lineFor: async ({ path }) => ({ heard: asked.push(path) }),
        onDone: (length) => seconds.push(length),
      });
    await run();
    expect([...asked].sort()).toEqual(['a', 'b', 'c']);
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.slice(0, -3));
    asked.length = seconds.length = 0;
    await run();
    expect(asked).toEqual(['c']);
    expect(seconds).toEqual([3]);
    await run();
    expect(asked).toEqual(['c']);
    expect([...readLines(file).keys()].sort()).toEqual(['a', 'b', 'c']);
  });

  it('passes a failure on and keeps what was done', async () => {
    const file = join(folder, 'lines.jsonl');
    const lineFor = async ({ path }: Recording) => {
      if (path === 'b') throw new Error('no such sound');
      return { text: path };
    };
    const run = addLines({ file, rows, jobs: 1, lineFor, onDone: () => {} });
    await expect(run).rejects.toThrow('no such sound');
    expect([...readLines(file).keys()]).toEqual(['a']);
  });
});

describe('scoreSubset', () => {
  const subset = {
    name: 'dev',
    rows: [
      { path: 'a', text: 'THE HEN' },
      { path: 'b', text: 'SANG' },
    ],
  };
  const said = (text: string) => ({ text, processingSeconds: 1, durationSeconds: 4 });

  it('adds the rates to the facts; one loop does not decide all', () => {
    const transcripts = new Map([
      ['a', said('The hen.')],
      ['b', said('sang and and and and')],
    ]);
    expect(scoreSubset({ model: 'm' }, subset, transcripts)).toMatchObject({
      ...{ model: 'm', subset: 'dev', utterances: 2, words: 3 },
      ...{ wer: 66.67, uncapped: 133.33, realTimeFactor: 0.25 },
    });
  });

  it('names a recording that has no transcript', () => {
    const transcripts = new Map([['a', said('the hen')]]);
    expect(() => scoreSubset({}, subset, transcripts)).toThrow('no transcript of b (subset dev)');
  });
});

it('lists the recordings of a subset for other programs', () => {
  const manifest = join(folder, 'manifest.tsv');
  writeFileSync(manifest, 'split\tpath\tspeaker\tseconds\ttext\n');
  for (const row of [
    'train\tx/1.mp3\ts\t4\tA',
    'dev\tx/2.mp3\ts\t4\tA',
    'dev\tx/3.mp3\ts\t21\tA',
  ]) {
    appendFileSync(manifest, `${row}\n`);
  }
  const tool = new URL('../../tools/accuracy/score-transcripts.mjs', import.meta.url).pathname;
  const list = (...options: string[]) =>
    execFileSync('node', [tool, '--data', folder, ...options], { encoding: 'utf8', stdio: 'pipe' });
  expect(list('--list', 'dev')).toBe('x/2.mp3\n');
  expect(() => list('--list', 'nothing')).toThrow(
    'Allowed choices are dev, test-other, speechocean',
  );
});
