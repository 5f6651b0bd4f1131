#!/usr/bin/env node
// Calibrates the confidence of words on the dev recordings, and writes docs/confidence.md.
import { join } from 'node:path';
import { Option } from 'commander';
import { loadFacade, readManifest, runTool, SUBSETS } from '../accuracy/corpus.mjs';
import { readCommandLine, SHARED } from '../accuracy/options.mjs';
import { startProgress } from '../accuracy/progress.mjs';
import { recordResult, round } from '../accuracy/results.mjs';
import {
  areaUnderCurve,
  calibrationError,
  caughtBelow,
  fitCalibration,
  logOdds,
  probability,
  reliability,
} from './calibration.mjs';
import { judgeWords } from './judge-words.mjs';
import { writePage } from './report.mjs';
import { writeCalibration } from './write-model.mjs';

// A text of speech, even one that is half wrong, should stay above the least: it is this far below the
// mean confidence that a hundredth of the dev segments do not reach.
const LEAST_MARGIN = 0.65;
const FOLDS = 2;

const { options } = readCommandLine({
  name: 'node tools/confidence/run.mjs',
  about:
    'Transcribes the dev recordings live, fits the two numbers that turn the probabilities of words into ' +
    'confidences, records them in bench/results/confidence.json and writes docs/confidence.md.',
  options: [
    SHARED.data,
    SHARED.model,
    SHARED.limit('only about N recordings, spread over all; nothing is recorded'),
    SHARED.jobs(2),
    new Option('--write', 'put the two numbers, and the least of a text, into the model file'),
    SHARED.reportOnly('only write docs/confidence.md'),
  ],
});

await runTool(async () => {
  if (!options.reportOnly) await measure();
  await writePage();
});

async function measure() {
  const { loadModel } = await loadFacade();
  const model = await loadModel(options.model);
  const known = model.info.document.confidence ?? { scale: 1, bias: 0 };
  const utterances = await transcribeAll(model);
  const { name } = model.info;
  model.close();
  // What the decoder said, before any calibration that the model has already.
  for (const { words } of utterances) {
    for (const word of words) word.odds = (logOdds(word.confidence) - known.bias) / known.scale;
  }
  const result = { model: name, ...evaluate(utterances) };
  console.log(result);
  if (options.limit === Number.POSITIVE_INFINITY) recordResult('confidence', result);
  if (options.write) await writeToModel(result.calibration);
}

async function transcribeAll(model) {
  const { transcribe } = await loadFacade();
  const dev = readManifest(options.data).filter(SUBSETS.dev.holds);
  const step = Math.max(1, Math.floor(dev.length / options.limit));
  const rows = dev.filter((_, i) => i % step === 0);
  const progress = startProgress(rows.reduce((sum, { seconds }) => sum + seconds, 0));
  const waiting = [...rows];
  const utterances = [];
  const work = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      const live = { partials: true, minConfidence: 0 };
      const { words } = await transcribe(model, join(options.data, row.path), live);
      utterances.push({ speaker: row.speaker, words: judgeWords(row.text, words) });
      progress.add(row.seconds);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  progress.end();
  return utterances;
}

function evaluate(utterances) {
  const words = utterances.flatMap((utterance) => utterance.words);
  const { scale, bias } = fitCalibration(words);
  const calibrated = words.map((word) => ({
    ...word,
    confidence: probability(scale * word.odds + bias),
  }));
  const raw = words.map((word) => ({ ...word, confidence: probability(word.odds) }));
  const heldOut = crossValidated(utterances);
  const plain = (bins) =>
    bins.map(({ count, confidence, right }) => ({
      count,
      confidence: round(confidence, 4),
      right: round(right, 4),
    }));
  return {
    words: words.length,
    wrong: words.filter(({ right }) => !right).length,
    calibration: {
      scale: round(scale, 3),
      bias: round(bias, 3),
      least: leastOf(utterances, scale, bias),
    },
    error: {
      before: round(calibrationError(raw), 4),
      after: round(calibrationError(calibrated), 4),
      otherSpeakers: round(calibrationError(heldOut), 4),
    },
    areaUnderCurve: round(areaUnderCurve(calibrated), 4),
    thresholds: [0.3, 0.5, 0.7, 0.8, 0.9].map((threshold) => {
      const { wrongCaught, rightFlagged } = caughtBelow(calibrated, threshold);
      return {
        threshold,
        wrongCaught: round(wrongCaught, 4),
        rightFlagged: round(rightFlagged, 4),
      };
    }),
    bins: { before: plain(reliability(raw)), after: plain(reliability(calibrated)) },
  };
}

/** Every speaker's words with the calibration of the other half of the speakers. */
function crossValidated(utterances) {
  const speakers = [...new Set(utterances.map(({ speaker }) => speaker))].sort();
  const foldOf = ({ speaker }) => speakers.indexOf(speaker) % FOLDS;
  return utterances.flatMap((utterance) => {
    const others = utterances.filter((other) => foldOf(other) !== foldOf(utterance));
    const { scale, bias } = fitCalibration(others.flatMap(({ words }) => words));
    return utterance.words.map((word) => ({
      ...word,
      confidence: probability(scale * word.odds + bias),
    }));
  });
}

/** The mean confidence below which a text is not reported. */
function leastOf(utterances, scale, bias) {
  const means = utterances
    .filter(({ words }) => words.length > 0)
    .map(({ words }) => {
      const sum = words.reduce((total, { odds }) => total + probability(scale * odds + bias), 0);
      return sum / words.length;
    })
    .sort((a, b) => a - b);
  return round(LEAST_MARGIN * means[Math.floor(means.length / 100)], 2);
}

async function writeToModel(calibration) {
  const { defaultModelPath } = await import('../../dist/esm/default-model.js');
  const path = options.model === 'default' ? defaultModelPath() : options.model;
  writeCalibration(path, calibration);
  console.log(`${path} now has ${JSON.stringify(calibration)}.`);
}
