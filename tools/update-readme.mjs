#!/usr/bin/env node
// Writes the table of figures in README.md from the results that the benchmarks committed.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (...names) => JSON.parse(readFileSync(path.join(root, ...names), 'utf8'));

if (process.argv.includes('--help')) {
  console.log(`Usage: node tools/update-readme.mjs

Rewrites the part of README.md between its "figures" marks from bench/results/accuracy.json
(npm run accuracy) and bench/results/node.json (npm run bench).`);
  process.exit(0);
}

const accuracy = read('bench', 'results', 'accuracy.json');
const speed = read('bench', 'results', 'node.json');

/** What the table shows: the model's name in the accuracy results, its mode and chunk. */
const ROWS = [
  ['default (int4), live', 'parrotlet-tiny-en-int4', 'live', 648],
  ['default (int4), live, `secondPass`', 'parrotlet-tiny-en-int4', 'two-pass', 648],
  ['default (int4), files', 'parrotlet-tiny-en-int4', 'file', 'segment'],
  ['int8, live', 'parrotlet-tiny-en-int8', 'live', 648],
  ['int8, live, `secondPass`', 'parrotlet-tiny-en-int8', 'two-pass', 648],
  ['int8, files', 'parrotlet-tiny-en-int8', 'file', 'segment'],
  ['int2, live', 'parrotlet-tiny-en-int2', 'live', 648],
  ['int2, files', 'parrotlet-tiny-en-int2', 'file', 'segment'],
  ['Moonshine tiny, offline, int8', 'moonshine-tiny-offline-int8', 'file', 'segment'],
];

function accuracyLine([label, model, mode, chunkMs]) {
  const cell = (subset) => {
    const row = accuracy.find(
      (one) =>
        one.model === model &&
        one.mode === mode &&
        one.chunkMs === chunkMs &&
        one.subset === subset,
    );
    if (row === undefined) {
      throw new Error(`bench/results/accuracy.json has no ${model} ${mode} ${chunkMs} ${subset}.`);
    }
    return row;
  };
  const wer = (subset) => {
    const { wer, low, high } = cell(subset);
    return `${wer.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
  };
  const chunk = chunkMs === 'segment' ? 'all' : `${chunkMs} ms`;
  const size = `${(cell('dev').fileBytes / 1e6).toFixed(0)} MB`;
  return `| ${label} | ${chunk} | ${size} | ${wer('dev')} | ${wer('test-other')} |`;
}

function speedLine([label, ours, peer]) {
  const row = (id) => {
    const found = speed.rows.find((one) => one.id === id);
    if (found === undefined) throw new Error(`bench/results/node.json has no ${id}.`);
    return found;
  };
  const [a, b] = [row(ours), row(peer)];
  const factor = (one) => one.realTimeFactor.toFixed(4);
  return `| ${label} | ${factor(a)} | ${factor(b)} | ${(b.realTimeFactor / a.realTimeFactor).toFixed(1)} |`;
}

const SPEEDS = [
  [
    'Moonshine tiny offline, int8',
    'moonshine-tiny/parrotlet/int8/channel',
    'moonshine-tiny/onnxruntime-node/int8/channel',
  ],
  [
    'Conformer S, 160 ms chunks, int8',
    'conformer-s/parrotlet/int8/channel',
    'conformer-s/onnxruntime-node/int8/channel',
  ],
  [
    'Conformer M, 160 ms chunks, int8',
    'conformer-m/parrotlet/int8/channel',
    'conformer-m/onnxruntime-node/int8/channel',
  ],
  [
    'Conformer L, 160 ms chunks, int8',
    'conformer-l/parrotlet/int8/channel',
    'conformer-l/onnxruntime-node/int8/channel',
  ],
  [
    'Conformer L, 160 ms chunks, int4 groups of 32',
    'conformer-l/parrotlet/int4/32',
    'conformer-l/onnxruntime-node/int4/32',
  ],
];

const live = speed.rows.find(
  ({ group, engine }) => group === 'streaming' && engine === 'parrotlet',
);
const table = `Word error rate in %, with 95 % intervals, on LibriSpeech subsets (see [accuracy](docs/accuracy.md) for what they
are, for other chunks and bit widths, and for accented speech):

| model | chunk | size | dev-clean, 4 speakers | test-other, 49 utterances |
|---|---|---|---|---|
${ROWS.map(accuracyLine).join('\n')}

Live, with partial results, the default model takes ${(100 * live.realTimeFactor).toFixed(1)} % of one core (real-time factor
${live.realTimeFactor.toFixed(3)}), ${live.loadMs.toFixed(0)} ms to load and ${(live.rssBytes / 1e6).toFixed(0)} MB beside Node's own. Real-time factors of the same
architectures on one thread, in one run (${speed.cpu}; [benchmarks](docs/benchmarks.md)):

| | parrotlet | onnxruntime-node ${speed.onnxruntime} | times faster |
|---|---|---|---|
${SPEEDS.map(speedLine).join('\n')}
`;

const readme = path.join(root, 'README.md');
const text = readFileSync(readme, 'utf8');
const pattern = /(<!-- figures:[^\n]*-->\n)[\s\S]*?(<!-- \/figures -->)/;
if (!pattern.test(text)) throw new Error('README.md has lost its "figures" marks.');
writeFileSync(
  readme,
  text.replace(pattern, (_, begin, end) => `${begin}${table}${end}`),
);
