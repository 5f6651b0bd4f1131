#!/usr/bin/env node
// Measures parrotlet beside onnxruntime-node: every subject in turn, several rounds, each measurement in
// a process of its own. Rounds interleave the subjects, so that a busy minute of the machine falls on
// all of them.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prepareRecordings } from './recordings.mjs';
import { summarize } from './statistics.mjs';
import { listSubjects } from './subjects.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(HERE, '../..');
const HELP = `usage: node bench/node/run.mjs [options]

Measures load time, memory, latency and real-time factor of parrotlet and of onnxruntime-node on the
same architectures and recordings, one thread each, and writes bench/results/node.json. Prepare
once with "npm run bench:peers"; what is missing then is listed and left out.

  --data DIR       folder with manifest.tsv and the recordings (default ../shared/data)
  --work DIR       prepared models (default bench/work)
  --model FILE     the streaming model (default models/parrotlet-tiny-en-int4.safetensors)
  --only TEXT      only subjects whose id contains TEXT
  --rounds N       rounds over all subjects (default 5)
  --seconds S      seconds of steps in a round of one subject (default 3)
  --recordings N   dev recordings, up to 20 s each (default 12)
  --realtime       measure at real-time priority (Linux, chrt, root): for a machine that others use too
  --out FILE       result (default bench/results/node.json)
  --help`;

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: join(ROOT, '../shared/data') },
    work: { type: 'string', default: join(ROOT, 'bench/work') },
    model: {
      type: 'string',
      default: join(ROOT, 'models/parrotlet-tiny-en-int4.safetensors'),
    },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    recordings: { type: 'string', default: '12' },
    realtime: { type: 'boolean', default: false },
    out: { type: 'string', default: join(ROOT, 'bench/results/node.json') },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const all = listSubjects(options);
const wanted = all.filter((subject) => subject.id.includes(options.only));
for (const { id, file } of wanted.filter((subject) => !subject.present)) {
  console.error(`left out: ${id} (no ${file}, or its engine is not in bench/node_modules)`);
}
const subjects = wanted.filter((subject) => subject.present);
if (subjects.length === 0) {
  console.error('No model to measure: run "npm run bench:peers" first (--help says more).');
  process.exit(1);
}
const recordings = subjects.some(({ kind }) => kind !== 'conformer')
  ? await prepareRecordings({ ...options, count: Number(options.recordings) })
  : null;

const rounds = new Map(subjects.map(({ id }) => [id, []]));
const loadBefore = os.loadavg()[0];
const total = Number(options.rounds) * subjects.length;
let done = 0;
const start = performance.now();
for (let round = 0; round < Number(options.rounds); round++) {
  for (const subject of subjects) {
    rounds.get(subject.id).push(await measure(subject));
    const left = ((performance.now() - start) / ++done) * (total - done);
    process.stderr.write(`\r${done}/${total}, about ${Math.ceil(left / 1000)} s left   `);
  }
}
process.stderr.write('\n');

const results = {
  date: new Date().toISOString().slice(0, 10),
  commit: git('describe', '--always', '--dirty'),
  node: process.version,
  onnxruntime: packageVersion('onnxruntime-node'),
  cpu: os.cpus()[0].model,
  cores: os.cpus().length,
  load: [loadBefore, os.loadavg()[0]].map((value) => Number(value.toFixed(2))),
  rounds: Number(options.rounds),
  realtime: options.realtime,
  recordings: recordings?.items.length ?? 0,
  rows: subjects.map(({ id, group, engine, bits, groupSize, kind, file }) => ({
    id,
    group,
    engine,
    bits,
    groupSize,
    kind,
    fileBytes: modelBytes(file),
    ...summarize(
      rounds.get(id),
      recordings?.items.map(({ text }) => text),
    ),
  })),
};
mkdirSync(join(options.out, '..'), { recursive: true });
writeFileSync(options.out, `${JSON.stringify(results, null, 2)}\n`);
console.log(`wrote ${options.out}; "node bench/report.mjs" makes docs/benchmarks.md of it`);

function measure(subject) {
  return new Promise((resolve, reject) => {
    const command = [process.execPath, '--expose-gc', join(HERE, 'measure.mjs')];
    if (options.realtime) command.unshift('chrt', '--rr', '1');
    const child = spawn(command[0], command.slice(1), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`${subject.id}: the measuring process ended with ${code}`));
    });
    const needsRecordings = subject.kind !== 'conformer';
    child.stdin.end(
      JSON.stringify({
        subject,
        seconds: Number(options.seconds),
        recordings: needsRecordings ? recordings : null,
      }),
    );
  });
}

function modelBytes(file) {
  if (!statSync(file).isDirectory()) return statSync(file).size;
  return ['encoder_model.ort', 'decoder_model_merged.ort']
    .map((name) => statSync(join(file, name)).size)
    .reduce((a, b) => a + b);
}

function packageVersion(name) {
  const path = join(ROOT, 'bench/node_modules', name, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : null;
}

function git(...words) {
  return execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' }).trim();
}
