#!/usr/bin/env node
// Compares the methods of `parrotlet quantize`: quantizes one float model by each and measures word
// error rates on the same recordings. Prints a Markdown table, as docs/quantize.md holds it.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeModel } from './configurations.mjs';
import { DEFAULT_DATA, loadFacade, readManifest, runTool, SUBSETS } from './corpus.mjs';
import { startProgress } from './progress.mjs';
import { addTranscripts, readTranscripts } from './transcripts.mjs';
import { capped, confidenceInterval, errorPercent, scoreUtterance } from './wer.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

// By name: how the float model is quantized; null leaves it as it is.
const VARIANTS = {
  float32: null,
  'round, clip max': { method: 'round', clip: 'max' },
  'round, clip search': { method: 'round' },
  'round, clip by L1': { method: 'round', clipError: 'l1' },
  hqq: { method: 'hqq' },
  gptq: { method: 'gptq' },
};

const HELP = `usage: node tools/accuracy/quantization-methods.mjs --model FLOAT [options]

  --model FILE      a float32 model file
  --bits N          2, 4 or 8 (default 4)
  --group G         inputs that share a scale, or channel (default channel)
  --only TEXT       only variants whose name contains TEXT, of ${Object.keys(VARIANTS).join('; ')}
  --calibrate N     recordings of training speakers to calibrate on, one each (default 12)
  --limit N         the first N recordings of the subset dev (default 60)
  --data DIR        folder with manifest.tsv and the recordings (default ../shared/data)
  --jobs N          recordings at a time (default 1)
  --work DIR        models and transcripts, kept (default bench/work/methods)
  --help`;

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    bits: { type: 'string', default: '4' },
    group: { type: 'string', default: 'channel' },
    only: { type: 'string', default: '' },
    calibrate: { type: 'string', default: '12' },
    limit: { type: 'string', default: '60' },
    data: { type: 'string', default: DEFAULT_DATA },
    jobs: { type: 'string', default: '1' },
    work: { type: 'string', default: join(ROOT, 'bench/work/methods') },
    help: { type: 'boolean', default: false },
  },
});

await runTool(async () => {
  if (options.help || options.model === undefined) return console.log(HELP);
  mkdirSync(options.work, { recursive: true });
  const manifest = readManifest(options.data);
  const rows = manifest.filter(SUBSETS.dev.holds).slice(0, Number(options.limit));
  const calibration = calibrationFiles(manifest);
  console.log('| method | file | WER (95 % interval) |\n|---|---|---|');
  for (const [name, variant] of Object.entries(VARIANTS)) {
    if (!name.includes(options.only)) continue;
    const path = await makeModel(name, variant, calibration);
    const { wer, low, high } = await measure(path, rows);
    const percent = (value) => value.toFixed(1);
    const size = `${(describeModel(path).fileBytes / 1e6).toFixed(1)} MB`;
    console.log(`| ${name} | ${size} | ${percent(wer)} % (${percent(low)} to ${percent(high)}) |`);
  }
});

/** The first recording of 10 to 16 s of each of the first speakers of the training split. */
function calibrationFiles(manifest) {
  const bySpeaker = new Map();
  for (const { split, path, speaker, seconds } of manifest) {
    const fits = split === 'train' && path.startsWith('librispeech-train');
    if (fits && seconds >= 10 && seconds <= 16 && !bySpeaker.has(speaker)) {
      bySpeaker.set(speaker, join(options.data, path));
    }
  }
  return [...bySpeaker.values()].slice(0, Number(options.calibrate));
}

async function makeModel(name, variant, calibration) {
  if (variant === null) return options.model;
  const { bits, group } = options;
  const file = `int${bits}-${group}-${name.replaceAll(/[ ,]+/g, '-')}.safetensors`;
  const path = join(options.work, file);
  if (existsSync(path)) return path;
  const { quantizeModel } = await import(join(ROOT, 'dist/esm/quantize/quantize-model.js'));
  await quantizeModel({
    source: options.model,
    output: path,
    bits: Number(bits),
    groupSize: group === 'channel' ? group : Number(group),
    ...variant,
    ...(variant.method === 'gptq' && { calibration }),
  });
  return path;
}

async function measure(path, rows) {
  const { loadModel, transcribe } = await loadFacade();
  const model = await loadModel(path);
  const { sha256 } = describeModel(path);
  const file = join(options.work, `${sha256.slice(0, 12)}.jsonl`);
  const progress = startProgress(rows.reduce((sum, { seconds }) => sum + seconds, 0));
  const session = { pauses: false, partials: false, words: false };
  await addTranscripts({
    file,
    rows,
    data: options.data,
    jobs: Number(options.jobs),
    transcribeFile: (recording) => transcribe(model, recording, session),
    onDone: progress.add,
  });
  progress.end();
  model.close();
  const transcripts = readTranscripts(file);
  const scores = rows.map((row) => scoreUtterance(row.text, transcripts.get(row.path).text));
  const [low, high] = confidenceInterval(scores.map(capped));
  return { wer: errorPercent(scores.map(capped)), low, high };
}
