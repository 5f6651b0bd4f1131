#!/usr/bin/env node
// Measures how long after a word's end a live session shows it and calls it stable, for every chunk of a
// model, and writes docs/streaming.md.
import { rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeModel } from '../accuracy/configurations.mjs';
import { loadFacade, readManifest, readMono16k, runTool, spread } from '../accuracy/corpus.mjs';
import { addLines, readLines } from '../accuracy/json-lines.mjs';
import { readCommandLine, SHARED } from '../accuracy/options.mjs';
import { loadPlots } from '../accuracy/plots.mjs';
import { startProgress } from '../accuracy/progress.mjs';
import { readResult, recordResult, resultPath } from '../accuracy/results.mjs';
import { intoARoom, play } from './live.mjs';
import { streamingPage } from './page.mjs';
import { summarize } from './summary.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { options } = readCommandLine({
  name: 'node tools/streaming/run.mjs',
  about:
    'Plays the dev recordings to live sessions of every chunk that a model offers, adds up the delays of ' +
    'the words and what computing cost, and writes bench/results/streaming.json, its plot and ' +
    'docs/streaming.md. A run that was stopped goes on where it was: what sessions said is kept in the ' +
    "work folder, by the model's hash; --fresh after a change of the engine. More jobs make computing " +
    'look dearer.',
  options: [
    SHARED.data,
    SHARED.model,
    SHARED.limit('only N recordings, evenly spread; the page says so'),
    SHARED.jobs(1),
    SHARED.work(join(ROOT, 'bench/work/streaming'), 'what sessions said'),
    SHARED.fresh,
    SHARED.reportOnly('only write the plot and the page from bench/results/streaming.json'),
  ],
});

await runTool(async () => {
  if (!options.reportOnly) recordResult('streaming', await measure());
  const result = readResult('streaming');
  if (!result) throw new Error('There is no bench/results/streaming.json yet; measure first.');
  const { plotDelays } = await loadPlots();
  await plotDelays(result.rows, resultPath('streaming', 'svg'));
  writeFileSync(join(ROOT, 'docs/streaming.md'), streamingPage(result));
});

async function measure() {
  const loadBefore = os.loadavg()[0];
  const { loadModel, transcribe } = await loadFacade();
  const file = describeModel(await modelPath());
  const model = await loadModel(file.path);
  const dev = readManifest(options.data).filter(({ split }) => split === 'dev');
  const recordings = spread(dev, options.limit);
  const prefix = file.sha256.slice(0, 12);
  const keep = (name, lineFor) => collect(`${prefix}-${name}`, recordings, lineFor);
  const aligned = await keep('aligned', async ({ path }) => {
    const whole = { chunkMs: 'segment', pauses: false };
    const { words } = await transcribe(model, join(options.data, path), whole);
    return { words: words.map(({ text, end }) => ({ text, end })) };
  });
  const rows = [];
  for (const chunkMs of model.info.chunkMs) {
    const heard = await keep(chunkMs, async ({ path }) => {
      const samples = intoARoom(await readMono16k(join(options.data, path)));
      const live = await play(model, samples, { chunkMs });
      const quiet = await play(model, samples, { chunkMs, partials: false });
      const twice = await play(model, samples, { chunkMs, secondPass: true });
      const once = await play(model, samples, { chunkMs, lookAheadMs: 0 });
      return { ...live, quietSeconds: quiet.processingSeconds, twice, once };
    });
    rows.push({ chunkMs, ...summarize(recordings, aligned, heard) });
  }
  const { name: modelName, defaultChunkMs, defaultLookAheadMs } = model.info;
  model.close();
  return {
    model: modelName,
    defaultChunkMs,
    defaultLookAheadMs,
    recordings: recordings.length,
    recordingsInAll: dev.length,
    minutes: Number((recordings.reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(1)),
    cpu: os.cpus()[0].model,
    cores: os.cpus().length,
    load: [loadBefore, os.loadavg()[0]].map((value) => Number(value.toFixed(1))),
    jobs: options.jobs,
    rows,
  };
}

async function modelPath() {
  if (options.model !== 'default') return options.model;
  return (await import('../../dist/esm/default-model.js')).defaultModelPath();
}

/** The lines of every recording, by path; what the work folder lacks is computed. */
async function collect(name, rows, lineFor) {
  const file = join(options.work, name, 'dev.jsonl');
  if (options.fresh) rmSync(file, { force: true });
  const done = readLines(file);
  const missing = rows.filter(({ path }) => !done.has(path));
  console.error(`${name}: ${missing.length} of ${rows.length} recordings to hear`);
  const progress = startProgress(missing.reduce((sum, { seconds }) => sum + seconds, 0));
  await addLines({ file, rows, jobs: options.jobs, lineFor, onDone: progress.add });
  progress.end();
  return readLines(file);
}
