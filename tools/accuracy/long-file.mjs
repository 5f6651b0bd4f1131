#!/usr/bin/env node
// Runs one live session over a long recording joined from utterances: does accuracy or memory drift?
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { joinSamples, loadFacade, readManifest, readMono16k, runTool } from './corpus.mjs';
import { count, readCommandLine, SHARED } from './options.mjs';
import { startProgress } from './progress.mjs';
import { seededRandom } from './random.mjs';
import { writeReport } from './report.mjs';
import { recordResult, round } from './results.mjs';
import { errorPercent, scoreUtterance } from './wer.mjs';

const SAMPLE_RATE = 16_000;
/** Options of sessions: the defaults, and with a second pass. */
const WAYS = [{}, { secondPass: true }];
const ROOM_LEVEL = 3e-4; // amplitude of the noise between utterances, about -70 dB
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const { options } = readCommandLine({
  name: 'node tools/accuracy/long-file.mjs',
  about:
    'Joins dev utterances of one or more speakers, with 0.3 to 1 s of faint noise between them, and runs ' +
    'one session over the whole, with default options and then with a second pass. Where the utterances ' +
    'do not suffice, they come again, shuffled and with other gaps. Writes the word error rates beside ' +
    'those of the utterances one by one, and how memory moved, to bench/results/long-file.json and ' +
    'docs/accuracy.md.',
  options: [
    SHARED.data,
    SHARED.model,
    count('--minutes', 'length of the recording').default(60),
    count('--speakers', 'speakers, one after the other').default(4),
    SHARED.seed,
  ],
});

await runTool(async () => {
  const { loadModel, transcribe } = await loadFacade();
  const model = await loadModel(options.model);
  const scoresOf = async ({ text }, samples) => {
    const source = { sampleRate: SAMPLE_RATE, channels: 1, chunks: [samples] };
    const heard = WAYS.map((way) => transcribe(model, source, { partials: true, ...way }));
    return (await Promise.all(heard)).map((one) => scoreUtterance(text, one.text));
  };
  const { audio, rows, scores } = await joinUtterances(scoresOf);
  const said = rows.map(({ text }) => text).join(' ');
  const werApart = (way) => round(errorPercent(scores.map((both) => both[way])), 2);
  const werOneSession = ({ text }) => round(errorPercent([scoreUtterance(said, text)]), 2);
  const { transcript, samples } = await runSession(model, audio, WAYS[0]);
  const twice = await runSession(model, audio, WAYS[1]);
  const slope = slopePerHour(samples.slice(Math.floor(samples.length / 3)));
  const result = {
    model: model.info.name,
    utterances: rows.length,
    different: new Set(rows).size,
    minutes: round(audio.length / SAMPLE_RATE / 60, 1),
    werOneSession: werOneSession(transcript),
    werApart: werApart(0),
    secondPass: { werOneSession: werOneSession(twice.transcript), werApart: werApart(1) },
    segments: transcript.segments.length,
    realTimeFactor: round(transcript.processingSeconds / transcript.durationSeconds, 4),
    megabytesPerHour: round(slope / 1e6, 2), // slope over the last two thirds
  };
  recordResult('long-file', result);
  writeReport();
  console.log(result);
  model.close();
});

/** Utterances until the length is reached, a gap behind each; and how each does by itself. */
async function joinUtterances(scoresOf) {
  const random = seededRandom(options.seed);
  const needed = 60 * options.minutes * SAMPLE_RATE;
  const progress = startProgress(needed / SAMPLE_RATE);
  const [parts, rows, scores] = [[], [], []];
  for (let length = 0, utterances = endless(random); length < needed; ) {
    const row = utterances.next().value;
    const samples = await readMono16k(join(options.data, row.path));
    const earlier = rows.indexOf(row);
    scores.push(earlier < 0 ? await scoresOf(row, samples) : scores[earlier]);
    rows.push(row);
    parts.push(samples, gap(random));
    const added = samples.length + parts.at(-1).length;
    length += added;
    progress.add(added / SAMPLE_RATE);
  }
  progress.end();
  return { audio: joinSamples(parts), rows, scores };
}

/** Rows of the first speakers, one speaker after the other; then again and again, shuffled. */
function* endless(random) {
  const dev = readManifest(options.data).filter(({ split }) => split === 'dev');
  const names = [...new Set(dev.map(({ speaker }) => speaker))].slice(0, options.speakers);
  const all = names.flatMap((name) => dev.filter(({ speaker }) => speaker === name));
  if (all.length === 0) throw new Error(`${options.data} has no dev recordings of any speaker.`);
  yield* all;
  for (;;) yield* shuffled(all, random);
}

function shuffled(list, random) {
  const order = [...list];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * random());
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function gap(random) {
  const length = Math.round((0.3 + 0.7 * random()) * SAMPLE_RATE);
  return Float32Array.from({ length }, () => (2 * random() - 1) * ROOM_LEVEL);
}

async function runSession(model, audio, way) {
  const session = model.createSession(way);
  const events = (async () => {
    for await (const _ of session);
  })();
  const progress = startProgress(audio.length / SAMPLE_RATE);
  const samples = [];
  for (let at = 0; at < audio.length; at += SAMPLE_RATE) {
    await session.write(audio.subarray(at, at + SAMPLE_RATE));
    progress.add(1);
    collectGarbage();
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
