// The low-bit study: paired changes, verdicts, claims, the results' file, the page, and one small run.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pairedChange, type Score } from '../../tools/accuracy/wer.mjs';
import { bestRounded, claimsOf, verdictOf } from '../../tools/low-bit/claims.mjs';
import {
  BASELINE,
  configurations,
  type Entry,
  describe as inWords,
} from '../../tools/low-bit/configurations.mjs';
import { calibrationPaths, recipeOf } from '../../tools/low-bit/make-model.mjs';
import { measureEntry } from '../../tools/low-bit/measure.mjs';
import { lowBitPage } from '../../tools/low-bit/page.mjs';
import {
  isMeasured,
  put,
  type Row,
  readStudy,
  resultOf,
  type Study,
  studyRows,
  writeStudy,
} from '../../tools/low-bit/study.mjs';
import { recording, temporaryFolder, writeRandomModel } from '../contract/models.js';
import { verifyModelFile } from '../lib/import/model-file-verifier.js';

const folder = temporaryFolder();
const score = (edits: number, words = 10): Score => ({ edits, words });
const SETS = ['dev', 'test-other', 'speechocean'];

describe('pairedChange', () => {
  it('is narrow where both stumble over the same utterances', () => {
    const baseline = Array.from({ length: 100 }, (_, i) => score(i % 2 === 0 ? 8 : 0));
    const same = pairedChange(baseline, baseline);
    expect(same.difference).toEqual({ value: 0, low: 0, high: 0 });
    expect(same.relative).toEqual({ value: 0, low: 0, high: 0 });
    const worse = pairedChange(
      baseline.map(({ edits }) => score(edits + 1)),
      baseline,
    );
    expect(worse.difference).toEqual({ value: 10, low: 10, high: 10 });
    expect(worse.relative.value).toBe(25);
    expect(worse.relative.low).toBeLessThan(25);
    expect(worse.relative.high).toBeGreaterThan(25);
  });

  it('has the interval of the normal distribution where one error in ten differs', () => {
    const baseline = Array.from({ length: 1000 }, () => score(1));
    const scores = baseline.map((_, i) => score(i % 10 === 0 ? 2 : 1));
    const { difference } = pairedChange(scores, baseline);
    // A share of 0.1 of 1000 utterances, one error in ten words each: 1 +- 1.96 * 10 * sqrt(0.09 / 1000).
    expect(difference.value).toBeCloseTo(1);
    expect(difference.low).toBeCloseTo(1 - 0.186, 1);
    expect(difference.high).toBeCloseTo(1 + 0.186, 1);
  });

  it('refuses other utterances', () => {
    expect(() => pairedChange([score(1)], [score(1), score(1)])).toThrow(/same utterances/);
    expect(() => pairedChange([score(1, 3)], [score(1, 4)])).toThrow(/same utterances/);
  });
});

describe('verdictOf', () => {
  const verdict = (relative: number, low: number) =>
    verdictOf({
      relative: { value: relative, low: 0, high: 0 },
      difference: { value: 0, low, high: 9 },
    });

  it('calls a change lossless, within chance or worse', () => {
    expect([verdict(-5, -2), verdict(1, 0.1), verdict(1.1, -0.1)]).toEqual([
      ...['lossless', 'lossless', 'within chance'],
    ]);
    expect([verdict(1.1, 0), verdict(1.1, 0.01)]).toEqual(['within chance', 'worse']);
  });
});

/** An entry as it was measured: WER in per cent on dev, and on the other sets with `loss` more. */
function rowOf(facts: {
  id: string;
  weights: number;
  wer: number;
  megabytes: number;
  trained?: boolean;
  part?: string;
  loss?: number;
  sets?: string[];
}): Row {
  const { id, weights, wer, megabytes, loss = 0, sets = SETS, ...rest } = facts;
  const exact = (value: number) => ({ value, low: value, high: value });
  const result = (set: string) => {
    const points = set === 'dev' ? 0 : loss;
    const change = { difference: exact(points), relative: exact(10 * points) };
    return [set, { wer: wer + points, low: wer, high: wer + 1, change }];
  };
  const parts = [{ part: 'token table', weights: 6e6, bytes: 5e6, held: `int${weights}` }];
  const attention = { byWeights: 300e6, inAttention: 100e6, cacheBytes: 6e6 };
  return {
    ...{
      id,
      weights,
      ...rest,
      how: { scheme: 'symmetric', group: 32, clip: 'max', bits: weights },
    },
    model: { name: id, fileBytes: megabytes * 1e6, parameters: 24e6, parts, attention },
    smaller: 98 / megabytes,
    results: Object.fromEntries(sets.map(result)),
  };
}

describe('claimsOf', () => {
  const four = { id: 'four', weights: 4, wer: 8.2, megabytes: 15, trained: true };
  const two = { id: 'two', weights: 2, wer: 8.3, megabytes: 10, trained: true };
  const int4 = rowOf(four);
  const int2 = rowOf(two);
  const holds = (...rows: Row[]) => claimsOf(rows, SETS).map((claim) => claim.holds);

  it('holds where every set finds no loss in a model that is small enough', () => {
    expect(holds(int4, int2)).toEqual([true, true]);
  });

  it('does not hold where one set finds a loss', () => {
    const [claim] = claimsOf([rowOf({ ...four, loss: 0.5 })], SETS);
    expect(claim).toMatchObject({ holds: false, reason: 'it is worse on test-other, speechocean' });
  });

  it('does not hold for models that are too large', () => {
    const large = rowOf({ ...four, megabytes: 17 });
    expect(holds(large)).toEqual([false, undefined]);
    const [, second] = claimsOf([int4, rowOf({ ...two, megabytes: 10.3 })], SETS);
    expect(second).toMatchObject({ holds: false, reason: 'no trained model is small enough' });
  });

  it('is open as long as a set is missing, and without any trained model', () => {
    expect(holds(rowOf({ ...four, sets: ['dev'] }))).toEqual([undefined, undefined]);
    expect(holds(rowOf({ ...four, trained: false }))).toEqual([undefined, undefined]);
  });

  it('takes the model that is best on dev, not the one that is best where it is judged', () => {
    const lucky = rowOf({ ...four, id: 'lucky', wer: 8.3, loss: -1 });
    expect(claimsOf([lucky, int4], SETS)[0].row?.id).toBe('four');
  });
});

it('names the best of rounding, and neither trained models nor single parts', () => {
  const rows = [
    rowOf({ id: 'trained', weights: 2, wer: 8, megabytes: 9, trained: true }),
    rowOf({ id: 'part', weights: 2, wer: 9, megabytes: 80, part: 'token table' }),
    rowOf({ id: 'bad', weights: 2, wer: 90, megabytes: 9 }),
    rowOf({ id: 'good', weights: 2, wer: 40, megabytes: 9 }),
    rowOf({ id: 'elsewhere', weights: 2, wer: 1, megabytes: 9, sets: ['test-other'] }),
  ];
  expect(bestRounded(rows, 2)?.id).toBe('good');
  expect(bestRounded(rows, 8)).toBeUndefined();
});

describe('the page', () => {
  const baseline = {
    ...rowOf({ id: BASELINE, weights: 32, wer: 8.2, megabytes: 98 }),
    how: { model: undefined },
  };
  const trained = rowOf({ id: 'four', weights: 4, wer: 8.2, megabytes: 15, trained: true });
  const worse = rowOf({ id: 'two', weights: 2, wer: 9.2, megabytes: 9, trained: true, loss: 1 });
  const rounded = rowOf({ id: 'plain', weights: 2, wer: 99, megabytes: 9, sets: ['dev'] });
  const part = rowOf({ id: 'only', weights: 4, wer: 8.4, megabytes: 80, part: 'token table' });
  const sets = SETS.map((set) => ({ set, recordings: '', words: [10, 20] }));
  const page = lowBitPage({
    rows: [baseline, trained, worse, rounded, part],
    ...{ sets, plot: 'plot.svg' },
  });

  it('says which claims hold, with their figures', () => {
    expect(page).toContain('smaller than float32: **holds**; no set finds a loss.');
    expect(page).toContain('15.0 MB, 6.5 times smaller than float32');
    expect(page).toContain('**does not hold**; it is worse on test-other, speechocean.');
    expect(page).toContain('40.0 % smaller than those 4 bits');
    expect(page).toContain('- test-other: 10.2 %, +1.0 points (1.0 to 1.0), +10.0 %: worse');
    expect(page).toMatch(/best of 2 bits without training, by dev: W2A8, rounded.*`plain`/);
  });

  it('has a row for each entry and set, single parts apart', () => {
    const line =
      '| W4A8 | trained | symmetric, groups of 32, max clip | 15.0 MB | 6.5 x | 8.2 % (8.2 to 9.2) ' +
      '| +0.0 (0.0 to 0.0) | +0.0 % (0.0 to 0.0) | lossless |';
    expect(page.split('\n').filter((text) => text === line)).toHaveLength(3);
    expect(page).toContain('| float32 |  |  | 98.0 MB | 1.0 x | 8.2 % (8.2 to 9.2) |  |  |  |');
    expect(page).toContain(
      '| token table | W4A8 | 8.4 % (8.4 to 9.4) | +0.0 (0.0 to 0.0) | lossless |',
    );
    expect(page).toContain('| token table | 6.00 M | 5.00 MB (5 %), int32 |');
    expect(page).toContain('2 utterances, 30 words');
    expect(page).toContain('(25 %; default chunk');
  });

  it('needs float32', () => {
    expect(() => lowBitPage({ rows: [trained], sets, plot: '' })).toThrow(/float32 was not/);
  });
});

describe('the list', () => {
  it('names every entry once, and says how it is made', () => {
    const ids = configurations().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe(BASELINE);
    const entry = configurations().find(({ id }) => id === 'int4-symmetric-32-search-a4-gptq');
    expect(inWords(entry!)).toBe(
      'symmetric, groups of 32, searched clip, error feedback, int4 activations',
    );
  });

  it('holds two bits in every scheme, per channel and in groups, with both clips', () => {
    const two = configurations().filter(({ weights, part }) => weights === 2 && !part);
    for (const scheme of ['symmetric', 'affine', 'midRise']) {
      for (const group of ['channel', 32]) {
        for (const clip of ['max', 'search']) {
          const same = two.filter(
            ({ how }) => how.scheme === scheme && how.group === group && how.clip === clip,
          );
          expect(same.some(({ how }) => how.method === 'round')).toBe(true);
        }
      }
      const byPlan = two.find(({ how }) => how.plan && how.method && how.scheme === scheme)!;
      expect(inWords(byPlan)).toMatch(/attention in int4, .* over half in int4, float16 scales$/);
    }
  });

  it('gives the scheme of an entry to the matrices of its plan that are in its bits', async () => {
    const entry = configurations().find(({ id }) => id === 'int2-attention-in-int4-affine')!;
    const source = await writeRandomModel(folder, 'tiny-streaming', { bits: 32 });
    const at = { ...{ float: source, work: folder, data: '' }, limit: 1, manifest: [] };
    const file = join(folder, 'plan.json');
    const rule = { bits: 2, groupSize: 16, indivisible: 'channel' } as const;
    writeFileSync(
      file,
      JSON.stringify([
        { match: 'encoder.*', ...rule },
        { match: '*', bits: 4 },
      ]),
    );
    const how = { ...entry.how, plan: relative('.', file), method: 'round', calibrate: 0 };
    const made = await recipeOf({ ...entry, how: how as Entry['how'] }, at).make();
    const { tensors } = (await verifyModelFile(made)).document;
    const held = Object.values(tensors as Record<string, { bits: number; scheme?: string }>);
    const schemes = held.map(({ bits, scheme }) => `${bits} ${scheme}`);
    expect(new Set(schemes)).toEqual(new Set(['2 affine', '4 undefined']));
  });
});

it('calibrates on recordings of the train split, spread over it', () => {
  const manifest = Array.from({ length: 40 }, (_, i) => ({
    ...{ split: i < 30 ? 'train' : 'dev', path: `${i}` },
    seconds: i % 3 === 0 ? 30 : 8,
  }));
  expect(calibrationPaths(manifest, 4)).toEqual(['1', '8', '16', '23']);
});

describe('the results', () => {
  const SMALL = { method: 'round', bits: 2 } as const;
  const study = (): Study => ({
    sets: [{ set: 'dev', recordings: 'a', words: [10, 10] }],
    models: [BASELINE, 'small'].map((id) => ({
      ...{ id, key: `${id}-1`, how: SMALL, name: id, parameters: 10, parts: [] },
      fileBytes: id === BASELINE ? 40 : 10,
    })),
    measured: [
      { id: BASELINE, set: 'dev', key: `${BASELINE}-1`, recordings: 'a', edits: [1, 1] },
      { id: 'small', set: 'dev', key: 'small-1', recordings: 'a', edits: [1, 50] },
    ],
  });

  it('come back from the file, one row a line', () => {
    const path = join(folder, 'study.json');
    expect(readStudy(path)).toEqual({ sets: [], models: [], measured: [] });
    writeStudy(path, study());
    expect(readStudy(path)).toEqual(study());
    expect(
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"small"')),
    ).toHaveLength(2);
  });

  it('count at most two errors for every word', () => {
    const result = resultOf(study(), 'small', 'dev')!;
    expect(result.wer).toBe((100 * 21) / 20);
    expect(result.change.difference.value).toBe(95);
  });

  it('are shown for entries that were measured, and measured as they stand', () => {
    const shown = (how: object) =>
      studyRows(study(), [
        { id: BASELINE, weights: 32, how: {} },
        { id: 'small', weights: 2, how },
        { id: 'never', weights: 2, how: {} },
      ]).map(({ id, smaller }) => [id, smaller]);
    expect(shown(SMALL)).toEqual([
      [BASELINE, 1],
      ['small', 4],
    ]);
    expect(shown({ ...SMALL, clip: 'max' })).toEqual([[BASELINE, 1]]);
  });

  it('hold only for the same model and the same recordings', () => {
    const model = { id: 'small', key: 'small-1' };
    expect(isMeasured(study(), model, { set: 'dev', recordings: 'a' })).toBe(true);
    expect(isMeasured(study(), model, { set: 'dev', recordings: 'b' })).toBe(false);
    expect(isMeasured(study(), { ...model, key: '2' }, { set: 'dev', recordings: 'a' })).toBe(
      false,
    );
    const other = study();
    put(other.sets, { set: 'dev', recordings: 'b', words: [10] }, 'set');
    expect(other.sets).toHaveLength(1);
    expect(resultOf(other, 'small', 'dev')).toBeUndefined();
  });
});

describe('a run', () => {
  const rows = [{ path: '.', seconds: 1, text: 'so much for', split: 'train' }];
  const sets = [{ set: 'dev', recordings: 'a', rows }];
  const study: Study = { sets: [], models: [], measured: [] };
  const entry: Entry = {
    ...{ id: 'int4', weights: 4 },
    how: {
      ...{ method: 'round', bits: 4, scheme: 'symmetric', group: 'channel' },
      ...{ clip: 'max', activations: 8, rules: [] },
    },
  };

  it('quantizes, transcribes, and does neither again', async () => {
    const float = await writeRandomModel(folder, 'tiny-streaming', { bits: 32 });
    const at = { float, work: folder, data: recording, jobs: 1, manifest: rows };
    const recipe = recipeOf(entry, { ...at, limit: 1 });
    let saved = 0;
    const run = { study, sets, at, save: () => saved++ };
    await measureEntry(entry, recipe, run);
    expect(study.measured).toEqual([
      { id: 'int4', key: recipe.key, set: 'dev', recordings: 'a', edits: [expect.any(Number)] },
    ]);
    const [model] = study.models;
    const path = await recipe.make();
    expect(model?.fileBytes).toBe(statSync(path).size);
    expect(model?.parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBeCloseTo(
      model!.fileBytes,
      -2,
    );
    await measureEntry(entry, { key: recipe.key, make: () => Promise.reject() }, run);
    expect(saved).toBe(1);
  });

  it('refuses a file that holds something else than the entry says', async () => {
    const path = await writeRandomModel(folder, 'tiny-streaming', { bits: 4 });
    const two = { ...entry, how: { ...entry.how, bits: 2 } };
    const recipe = { key: 'other', make: async () => path };
    const at = { work: folder, data: recording, jobs: 1 };
    const run = { study, sets, at, save: () => undefined };
    await expect(measureEntry(two, recipe, run)).rejects.toThrow(
      /has bits 4 where the entry says 2/,
    );
    const planned = { ...two, how: { ...two.how, plan: 'some.json' } };
    await expect(measureEntry(planned, recipe, run)).rejects.toThrow(
      /has bits undefined where the entry says 2/,
    );
  });

  it("takes the package's own where training made them", async () => {
    const at = { ...{ float: '', work: '', data: '' }, limit: 1, manifest: [] };
    const made = configurations().filter(({ trained, how }) => trained && !how.steps);
    const paths = await Promise.all(made.map((one) => recipeOf(one, at).make()));
    expect(paths.map((path) => path.split('/').slice(-2).join('/'))).toEqual([
      'models/parrotlet-tiny-en-int4.safetensors',
      'models/parrotlet-tiny-en-int2.safetensors',
    ]);
  });

  it('takes what does not ship from the folder of such models, if it is there', async () => {
    const at = { float: '', trained: folder, work: '', data: '', limit: 1, manifest: [] };
    const name = 'parrotlet-tiny-en-int4.safetensors';
    const path = await writeRandomModel(folder, 'tiny-streaming', { bits: 4 });
    const one = { ...entry, how: { model: path.slice(folder.length + 1), steps: 5 } };
    expect(await recipeOf(one, at).make()).toBe(path);
    const missing = { ...entry, how: { model: name, steps: 5 } };
    expect(() => recipeOf(missing, at)).toThrow(`There is no ${folder}/${name}.`);
  });

  it('says that the float32 model is missing', () => {
    const at = { float: 'none.safetensors', work: '', data: '', limit: 1, manifest: [] };
    const [grid] = configurations().filter(({ how }) => how.method === 'round');
    expect(() => recipeOf(grid!, at)).toThrow('There is no none.safetensors');
  });
});
