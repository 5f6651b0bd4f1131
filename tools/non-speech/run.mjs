#!/usr/bin/env node
// Counts the words that sessions make of sounds that are no speech, and the true ones they drop.
import { join } from 'node:path';
import { Option } from 'commander';
import { joinSamples, loadFacade, readManifest, runTool, SUBSETS } from '../accuracy/corpus.mjs';
import { count, readCommandLine, SHARED } from '../accuracy/options.mjs';
import { startProgress } from '../accuracy/progress.mjs';
import { recordResult, round } from '../accuracy/results.mjs';
import { capped, errorPercent, scoreUtterance } from '../accuracy/wer.mjs';
import { writePage } from '../confidence/report.mjs';
import { cutRoomTone } from './room-tone.mjs';
import { makeSound, SAMPLE_RATE, SOUNDS } from './sounds.mjs';

const LEVELS = [-20, -30, -40, -50];
const { options } = readCommandLine({
  name: 'node tools/non-speech/run.mjs',
  about:
    'Feeds ten minutes of sounds that are no speech to sessions (live, with a second pass, and hearing ' +
    'whole segments), and the dev recordings to live ones; records how many words came, and how many ' +
    'true ones the rule dropped, in ' +
    'bench/results/non-speech.json and writes docs/confidence.md. Room tone is cut from the recordings.',
  options: [
    SHARED.data,
    SHARED.model,
    new Option('--min-confidence <n>', "the rule's threshold (default: the model's)").argParser(
      Number,
    ),
    count('--minutes', 'of sounds').default(10),
    SHARED.seed,
    SHARED.limit('about N dev recordings, spread over all'),
  ],
});

await runTool(async () => {
  const { loadModel } = await loadFacade();
  const model = await loadModel(options.model);
  const minConfidence = options.minConfidence ?? model.info.document.confidence?.least ?? 0;
  const dev = readManifest(options.data).filter(SUBSETS.dev.holds);
  const kinds = await hearSounds(model, dev, minConfidence);
  const speech = await hearSpeech(model, dev, minConfidence);
  const result = {
    model: model.info.name,
    minConfidence,
    minutes: round(kinds.reduce((sum, { seconds }) => sum + seconds, 0) / 60, 1),
    words: sumOf(kinds, 'words'),
    secondPass: sumOf(kinds, 'secondPass'),
    wholeSegments: sumOf(kinds, 'wholeSegments'),
    kinds,
    speech,
  };
  model.close();
  console.log(result);
  recordResult('non-speech', result);
  await writePage();
});

function sumOf(kinds, name) {
  return kinds.reduce((sum, kind) => sum + kind[name], 0);
}

async function hearSounds(model, dev, minConfidence) {
  const names = Object.keys(SOUNDS);
  const seconds = Math.round((60 * options.minutes) / (names.length + 1));
  const parts = names.map((name, i) => ({ name, samples: levels(name, seconds, i) }));
  // Every fifth recording first, so that all speakers and rooms are heard.
  const some = [0, 1, 2, 3, 4].flatMap((first) => dev.filter((_, i) => i % 5 === first));
  const samples = await cutRoomTone(some, options.data, seconds);
  parts.push({ name: 'room tone', samples });
  const [with_, without, secondPass, wholeSegments] = await Promise.all([
    hear(model, parts, { minConfidence }),
    hear(model, parts, { minConfidence: 0 }),
    hear(model, parts, { minConfidence, secondPass: true }),
    hear(model, parts, { minConfidence, chunkMs: 'segment' }),
  ]);
  return parts.map(({ name, samples: { length } }, i) => ({
    name,
    seconds: round(length / SAMPLE_RATE, 1),
    withoutRule: without[i],
    words: with_[i],
    secondPass: secondPass[i],
    wholeSegments: wholeSegments[i],
  }));
}

function levels(name, seconds, index) {
  return joinSamples(
    LEVELS.map((decibels, i) =>
      makeSound(name, {
        seconds: seconds / LEVELS.length,
        decibels,
        seed: 1000 * options.seed + 10 * index + i,
      }),
    ),
  );
}

/** One session over all parts; the words that finals place in each. */
async function hear(model, parts, options) {
  const session = model.createSession({ sampleRate: SAMPLE_RATE, ...options });
  const events = (async () => {
    for await (const _ of session);
  })();
  for (const { samples } of parts) await session.write(samples);
  const { words } = await session.finish();
  await events;
  await session.close();
  let end = 0;
  return parts.map(({ samples }) => {
    const begin = end;
    end += samples.length / SAMPLE_RATE;
    return words.filter(({ start }) => start >= begin && start < end).length;
  });
}

/** Live, without the rule; and with it where it has an effect. */
async function hearSpeech(model, dev, minConfidence) {
  const step = Math.max(1, Math.floor(dev.length / options.limit));
  const rows = dev.filter((_, i) => i % step === 0);
  const progress = startProgress(rows.reduce((sum, { seconds }) => sum + seconds, 0));
  const scores = { kept: [], all: [] };
  const words = { kept: 0, all: 0 };
  for (const { path, text, seconds } of rows) {
    const file = join(options.data, path);
    const { transcript: all, drops } = await hearRecording(model, file, minConfidence);
    const kept = drops
      ? (await hearRecording(model, file, minConfidence, minConfidence)).transcript
      : all;
    for (const [name, transcript] of Object.entries({ kept, all })) {
      scores[name].push(capped(scoreUtterance(text, transcript.text)));
      words[name] += transcript.words.length;
    }
    progress.add(seconds);
  }
  progress.end();
  return {
    recordings: rows.length,
    words: words.all,
    rejectedWords: words.all - words.kept,
    wer: round(errorPercent(scores.kept), 2),
    werWithout: round(errorPercent(scores.all), 2),
  };
}

/** The transcript with the rule at `used`, and whether one at `asked` would drop any segment. */
async function hearRecording(model, file, asked, used = 0) {
  const { transcribe } = await loadFacade();
  let best = 0; // mean confidence of this segment's texts so far
  let drops = false;
  const onEvent = ({ type, words }) => {
    const sum = words.reduce((total, { confidence }) => total + confidence, 0);
    if (words.length > 0) best = Math.max(best, sum / words.length);
    if (type !== 'final') return;
    drops ||= best < asked;
    best = 0;
  };
  const live = { partials: true, minConfidence: used, onEvent };
  return { transcript: await transcribe(model, file, live), drops };
}
