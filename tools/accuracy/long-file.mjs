#!/usr/bin/env node
// Runs one live session over a long recording joined from utterances: does accuracy or memory drift?
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  DEFAULT_DATA,
  joinSamples,
  loadFacade,
  readManifest,
  readMono16k,
  runTool,
} from './corpus.mjs';
import { startProgress } from './progress.mjs';
import { seededRandom } from './random.mjs';
import { recordResult, round } from './results.mjs';
import { errorPercent, scoreUtterance } from './wer.mjs';

const SAMPLE_RATE = 16_000;
const ROOM_LEVEL = 3e-4; // amplitude of the noise between utterances, about -70 dB
const HELP = `usage: node tools/accuracy/long-file.mjs [options]

Joins dev utterances of one or more speakers, with 0.3 to 1 s of faint noise between them, and runs one
session with default options over the whole. Prints its word error rate beside that of the utterances
one by one, and how memory moved.

  --data DIR     folder with manifest.tsv and the recordings (default ../shared/data)
  --model FILE   model file (default: the package's own)
  --minutes N    length of the recording (default 30)
  --speakers N   speakers, one after the other (default 4)
  --seed N       of the gaps and their noise (default 1)
  --help`;

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: DEFAULT_DATA },
    model: { type: 'string', default: 'default' },
    minutes: { type: 'string', default: '30' },
    speakers: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

await runTool(async () => {
  if (options.help) return console.log(HELP);
  const rows = chooseUtterances();
  const { loadModel, transcribe } = await loadFacade();
  const model = await loadModel(options.model);
  const parts = [];
  const apart = [];
  for (const { path, text } of rows) {
    const samples = await readMono16k(join(options.data, path));
    parts.push(samples);
    const source = { sampleRate: SAMPLE_RATE, channels: 1, chunks: [samples] };
    apart.push(scoreUtterance(text, (await transcribe(model, source, { partials: true })).text));
  }
  const audio = joinSamples(withGaps(parts));
  const { transcript, samples } = await runSession(model, audio);
  const score = scoreUtterance(rows.map(({ text }) => text).join(' '), transcript.text);
  const slope = slopePerHour(samples.slice(Math.floor(samples.length / 3)));
  const result = {
    model: model.info.name,
    utterances: rows.length,
    minutes: round(audio.length / SAMPLE_RATE / 60, 1),
    werOneSession: round(errorPercent([score]), 2),
    werApart: round(errorPercent(apart), 2),
    segments: transcript.segments.length,
    realTimeFactor: round(transcript.processingSeconds / transcript.durationSeconds, 4),
    megabytesPerHour: round(slope / 1e6, 2), // slope over the last two thirds
  };
  recordResult('long-file', result);
  console.log(result);
  model.close();
});

/** Rows of the first speakers, round after round until the length is reached. */
function chooseUtterances() {
  const dev = readManifest(options.data).filter(({ split }) => split === 'dev');
  const names = [...new Set(dev.map(({ speaker }) => speaker))].slice(0, Number(options.speakers));
  const all = names.flatMap((name) => dev.filter(({ speaker }) => speaker === name));
  const rows = [];
  for (let seconds = 0, i = 0; seconds < 60 * Number(options.minutes); i++) {
    rows.push(all[i % all.length]);
    seconds += all[i % all.length].seconds + 0.65;
  }
  return rows;
}

function withGaps(parts) {
  const random = seededRandom(Number(options.seed));
  return parts.flatMap((part) => {
    const length = Math.round((0.3 + 0.7 * random()) * SAMPLE_RATE);
    const noise = Float32Array.from({ length }, () => (2 * random() - 1) * ROOM_LEVEL);
    return [part, noise];
  });
}

async function runSession(model, audio) {
  const session = model.createSession();
  const events = (async () => {
    for await (const _ of session);
  })();
  const progress = startProgress(audio.length / SAMPLE_RATE);
  const samples = [];
  for (let at = 0; at < audio.length; at += SAMPLE_RATE) {
    await session.write(audio.subarray(at, at + SAMPLE_RATE));
    progress.add(1);
    globalThis.gc?.();
    samples.push({ hours: at / SAMPLE_RATE / 3600, bytes: process.memoryUsage.rss() });
  }
  const transcript = await session.finish();
  await events;
  await session.close();
  progress.end();
  return { transcript, samples };
}

/** Least-squares slope of memory over hours of audio, in bytes. */
function slopePerHour(samples) {
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const hours = mean(samples.map((s) => s.hours));
  const bytes = mean(samples.map((s) => s.bytes));
  const covariance = mean(samples.map((s) => (s.hours - hours) * (s.bytes - bytes)));
  return covariance / mean(samples.map((s) => (s.hours - hours) ** 2));
}
