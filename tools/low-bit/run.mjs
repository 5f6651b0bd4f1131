#!/usr/bin/env node
// Measures what low-bit weights cost in accuracy and save in bytes, and writes docs/low-bit.md.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import { readManifest, runTool, SUBSETS, spread } from '../accuracy/corpus.mjs';
import { readCommandLine, SHARED } from '../accuracy/options.mjs';
import { loadPlots } from '../accuracy/plots.mjs';
import { resultPath } from '../accuracy/results.mjs';
import { scoreUtterance } from '../accuracy/wer.mjs';
import { bestRounded } from './claims.mjs';
import { BASELINE, configurations, describe } from './configurations.mjs';
import { digest, recipeOf } from './make-model.mjs';
import { measureEntry } from './measure.mjs';
import { lowBitPage } from './page.mjs';
import { put, readStudy, studyRows, writeStudy } from './study.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORK = join(ROOT, 'bench/work/low-bit');
const { options } = readCommandLine({
  name: 'node tools/low-bit/run.mjs',
  about:
    'Measures every entry of tools/low-bit/configurations.mjs: quantizes the float32 model where one is ' +
    "rounded after training, takes the package's own where one was trained, transcribes the sets, " +
    'keeps the errors of every utterance in bench/results/low-bit.json and writes docs/low-bit.md and ' +
    'its plot. A run that was stopped goes on where it was, and only what changed is measured again; ' +
    '--fresh after a change of the engine.',
  options: [
    new Option('--float <file>', 'the float32 model').default(
      join(WORK, 'float32.safetensors'),
      'bench/work/low-bit/float32.safetensors',
    ),
    new Option(
      '--trained <folder>',
      'models that training made and that do not ship; without it they stay as they were measured',
    ),
    SHARED.data,
    SHARED.subsets('--sets', Object.keys(SUBSETS)),
    new Option(
      '--only <text...>',
      'only entries whose id contains one of these, and float32 where --float is there',
    ),
    SHARED.limit('N recordings of a set, evenly spread: a trial, whose results stay in --work'),
    SHARED.jobs(2),
    SHARED.work(WORK, 'quantized models and transcripts, kept'),
    SHARED.fresh,
    new Option('--list', 'print the entries and leave'),
    SHARED.reportOnly('only write the page and the plot from the results'),
  ],
});

const isTrial = options.limit !== Number.POSITIVE_INFINITY;
const OUT = isTrial
  ? {
      study: join(options.work, 'low-bit.json'),
      page: join(options.work, 'low-bit.md'),
      plot: join(options.work, 'low-bit.svg'),
      plotLink: 'low-bit.svg',
    }
  : {
      study: resultPath('low-bit'),
      page: join(ROOT, 'docs/low-bit.md'),
      plot: resultPath('low-bit', 'svg'),
      plotLink: '../bench/results/low-bit.svg',
    };

await runTool(async () => {
  if (options.list) return listEntries();
  const study = readStudy(OUT.study);
  const failures = options.reportOnly ? [] : await measureAll(study);
  await writePage(study);
  if (failures.length > 0) throw new Error(`Not measured:\n${failures.join('\n')}`);
});

function listEntries() {
  for (const entry of configurations()) {
    console.log(`${entry.id}: ${describe(entry)} (${entry.sets ?? 'all sets'})`);
  }
}

/** Measures what is missing; what failed comes back as text. */
async function measureAll(study) {
  const hasFloat = existsSync(options.float);
  if (!hasFloat && !options.only) {
    throw new Error(`There is no ${options.float}; give the float32 model with --float FILE.`);
  }
  mkdirSync(options.work, { recursive: true });
  const manifest = readManifest(options.data);
  const at = { ...options, manifest };
  const sets = options.sets.map((set) => setOf(set, manifest, study));
  const entries = configurations()
    .filter(isWanted)
    .filter(({ id }) => hasFloat || id !== BASELINE);
  const failures = [];
  const measure = async (entry, names) => {
    const wanted = sets.filter(({ set }) => names === undefined || names.includes(set));
    const save = () => writeStudy(OUT.study, study);
    try {
      await measureEntry(entry, recipeOf(entry, at), { study, sets: wanted, at, save });
    } catch (error) {
      failures.push(`${entry.id}: ${error.message}`);
    }
  };
  for (const entry of entries) await measure(entry, entry.sets);
  if (options.only) return failures;
  // The best of the grids go to the sets that judge.
  const rows = studyRows(study, entries);
  for (const weights of [4, 2]) {
    const row = bestRounded(rows, weights);
    if (row) await measure(row);
  }
  return failures;
}

function isWanted({ id, how }) {
  if (how.steps !== undefined && options.trained === undefined) return false;
  return id === BASELINE || !options.only || options.only.some((text) => id.includes(text));
}

/** The recordings of a set, which the study is told of. */
function setOf(set, manifest, study) {
  const rows = spread(manifest.filter(SUBSETS[set].holds), options.limit);
  const recordings = digest(rows.map(({ path, text }) => `${path}\t${text}\n`).join(''));
  const words = rows.map(({ text }) => scoreUtterance(text, '').words);
  put(study.sets, { set, recordings, words }, 'set');
  return { set, recordings, rows };
}

async function writePage(study) {
  const rows = studyRows(study, configurations());
  const { plotTradeoff } = await loadPlots();
  await plotTradeoff(plotted(rows), OUT.plot);
  writeFileSync(OUT.page, lowBitPage({ rows, sets: study.sets, plot: OUT.plotLink }));
}

/** What the plot shows: [{set, weights, made, megabytes, wer, low, high}]. */
function plotted(rows) {
  return rows
    .filter(({ part }) => !part)
    .flatMap(({ id, weights, trained, model, results }) =>
      Object.entries(results).map(([set, { wer, low, high }]) => ({
        set,
        weights: weights === 32 ? 'float32' : `int${weights}`,
        made: id === BASELINE ? 'as it is' : trained ? 'trained' : 'rounded',
        ...{ megabytes: model.fileBytes / 1e6, wer, low, high },
      })),
    );
}
