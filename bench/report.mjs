#!/usr/bin/env node
// Turns bench/results/node.json into docs/benchmarks.md and its plot.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { weightsName } from './node/subjects.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RESULTS = join(ROOT, 'bench/results/node.json');
const PLOT = 'bench/results/conformer-chunk.svg';
const CONFORMERS = {
  'conformer-s': 'Conformer S: 16 blocks of 144, 8 M parameters',
  'conformer-m': 'Conformer M: 16 blocks of 256, 25 M parameters',
  'conformer-l': 'Conformer L: 17 blocks of 512, 105 M parameters',
};

async function main() {
  const results = JSON.parse(readFileSync(RESULTS, 'utf8'));
  const { plotChunks } = await import('./plot.mjs');
  await plotChunks(plotted(results.rows), join(ROOT, PLOT));
  writeFileSync(join(ROOT, 'docs/benchmarks.md'), page(results));
}

function page(results) {
  const group = (name) => results.rows.filter((row) => row.group === name);
  return `# Benchmarks

Made by \`npm run bench\`: ${results.date}, commit ${results.commit}, ${results.cpu}, ${results.cores} cores
(one-minute load ${results.load.join(' before, ')} after), Node ${results.node}, onnxruntime-node
${results.onnxruntime}. All of it is one run on one machine: quote the ratios, not the milliseconds.

Every engine computes on one thread. Each measurement is a process of its own, and ${results.rounds} rounds
go over all models in turn, so that a busy minute falls on everyone${results.realtime ? '; they ran at real-time priority,\nsince others used the machine' : ''}. **Load**: from file to open session,
least of the rounds. **Memory**: what the process gained by importing the engine, loading the model and
running it, least of the rounds. **Chunk**: wall time of one awaited call over all rounds together.
**Real-time factor**: time computed by time of sound, best round. **x**: the peer's value by ours, for the
same width of weights; **x best**: the p50 of the peer's fastest width by ours.

## A streaming encoder, chunk by chunk
Conformers with random weights: half-step feed-forwards of four times the width, depthwise convolution of
15, attention to 64 frames of 40 ms before, 160 ms a chunk. ONNX Runtime gets the blocks alone, starting at
frames of 40 ms, with all caches as inputs and outputs (\`bench/peers/make_onnx.py\`; int8 by dynamic
quantization, int4 and int2 by MatMulNBits with activations of 8 bits). parrotlet does more in the same
call: it starts at samples (features, two stackers) and ends at tokens (output stage). Once in 20 s at
most a segment ends at a quiet place, and what follows that place is heard again as the next segment: the
least and the longest times of parrotlet are those of such moments, the median is that of all others.

![Median time of a chunk](../${PLOT})

${Object.entries(CONFORMERS)
  .map(([name, title]) => table(title, group(name), chunkColumns))
  .join('\n')}
${table('Moonshine tiny, whole recordings', group('moonshine-tiny'), recordingColumns)}
The same ${results.recordings} recordings of the LibriSpeech dev-clean, 4-speaker subset, one call each, greedy.
The peer is the int8 model as its makers ship it, driven from onnxruntime-node
(\`bench/peers/ort-moonshine.mjs\`). WER is here only to show that both do the work; see
[accuracy](accuracy.md).

${streaming(group('streaming'))}`;
}

function streaming(rows) {
  if (rows.length === 0) return '';
  return `${table('The streaming model', rows, streamColumns)}
The model that comes with the package over the same recordings, partial results and pauses on, one call a
chunk. No package for Node.js runs a peer of it.
`;
}

const megabytes = (bytes) => (bytes === null ? '' : (bytes / 1e6).toFixed(1));
const ratio = (peer, own) => (peer === undefined ? '' : `${(peer / own).toFixed(1)} x`);

/** Columns: [title, (row, the peer's row of the same width, the peer's fastest row) => cell]. */
const common = [
  ['weights', (row) => weightsName(row.bits)],
  ['engine', (row) => row.engine],
  ['group', (row) => (row.bits === 32 ? '' : row.groupSize)],
  ['file, MB', (row) => megabytes(row.fileBytes)],
  ['load, ms', (row) => row.loadMs.toFixed(0)],
  ['x', (row, peer) => ratio(peer?.loadMs, row.loadMs)],
  ['memory, MB', (row) => megabytes(row.rssBytes)],
  ['x', (row, peer) => ratio(peer?.rssBytes, row.rssBytes)],
];
const latency = [
  ['min, ms', (row) => row.minMs.toFixed(2)],
  ['p50', (row) => row.p50Ms.toFixed(2)],
  ['p99', (row) => row.p99Ms.toFixed(2)],
];
const factor = ['real-time factor', (row) => row.realTimeFactor.toFixed(4)];
const session = ['session, MB', (row) => megabytes(row.stateBytes)];
const chunkColumns = [
  ...common,
  session,
  ...latency,
  ['x', (row, peer) => ratio(peer?.p50Ms, row.p50Ms)],
  ['x best', (row, peer, best) => ratio(peer && best?.p50Ms, row.p50Ms)],
  factor,
];
const recordingColumns = [
  ...common,
  factor,
  ['x', (row, peer) => ratio(peer?.realTimeFactor, row.realTimeFactor)],
  ['WER', (row) => `${row.werPercent.toFixed(1)} %`],
];
const streamColumns = [...common.filter(([title]) => title !== 'x'), session, ...latency, factor];

function table(title, rows, columns) {
  const peerOf = (row) =>
    row.engine === 'parrotlet'
      ? rows.find(({ engine, bits }) => engine !== 'parrotlet' && bits === row.bits)
      : undefined;
  const [best] = rows
    .filter(({ engine }) => engine !== 'parrotlet')
    .sort((a, b) => a.p50Ms - b.p50Ms);
  const lines = rows.map((row) => columns.map(([, cell]) => cell(row, peerOf(row), best)));
  const show = (cells) => `| ${cells.join(' | ')} |`;
  return `### ${title}
${show(columns.map(([name]) => name))}
${show(columns.map(() => '---'))}
${lines.map(show).join('\n')}
`;
}

function plotted(rows) {
  return rows
    .filter(({ group }) => group in CONFORMERS)
    .map(({ group, engine, bits, groupSize, p50Ms }) => ({
      model: group,
      weights: weightsName(bits),
      engine: grouped({ engine, bits, groupSize }) ? `${engine}, small groups` : engine,
      ms: p50Ms,
    }));
}

/** ONNX Runtime's int4 and int2 are always in groups; ours are both ways. */
function grouped({ engine, bits, groupSize }) {
  return engine === 'parrotlet' && bits < 8 && groupSize !== 'channel';
}

if (process.argv.includes('--help')) {
  console.log(
    'usage: node bench/report.mjs\n\nWrites docs/benchmarks.md from bench/results/node.json.',
  );
} else {
  await main();
}
