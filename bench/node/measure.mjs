// Measures one subject in a process of its own, so that its memory and load time are its own.
//
// Standard input: {"subject", "seconds", "recordings"}; standard output: one JSON object.
import { readFileSync } from 'node:fs';
import { opener } from './subjects.mjs';

const WARM_UP_STEPS = 20; // all 64 past frames are there after 16
const LEAST_STEPS = 20;

const { subject, seconds, recordings: list } = JSON.parse(readFileSync(0, 'utf8'));
const recordings = list && readRecordings(list);

const rssBefore = settledRss();
const importStart = performance.now();
const open = await opener(subject);
const loadStart = performance.now();
const stepper = await open({ ...subject, recordings });
const loadEnd = performance.now();

const whole = subject.kind === 'moonshine'; // a step is a recording: every one once
const texts = [];
const warmUpMs = [];
for (let k = 0; k < (whole ? 1 : WARM_UP_STEPS); k++) warmUpMs.push(await timed(k));

const stepMs = [];
const stepSeconds = [];
const deadline = performance.now() + seconds * 1000;
for (let k = 0; whole ? k < recordings.length : more(k); k++) {
  stepMs.push(await timed(k, texts));
  stepSeconds.push(stepper.stepSeconds(k));
}
const rssAfter = settledRss();
await stepper.close();

process.stdout.write(
  JSON.stringify({
    importMs: loadStart - importStart,
    loadMs: loadEnd - loadStart,
    firstStepMs: warmUpMs[0],
    rssBytes: rssAfter - rssBefore,
    stateBytes: stepper.stateBytes,
    stepMs,
    stepSeconds,
    texts: whole ? texts : [],
  }),
);

function more(k) {
  return k < LEAST_STEPS || performance.now() < deadline;
}

async function timed(k, texts) {
  const start = performance.now();
  const text = await stepper.step(k);
  const elapsed = performance.now() - start;
  texts?.push(text ?? '');
  return elapsed;
}

function settledRss() {
  globalThis.gc();
  return process.memoryUsage.rss();
}

function readRecordings({ file, items }) {
  const bytes = readFileSync(file);
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return items.map((item) => ({
    ...item,
    samples: samples.slice(item.offset, item.offset + item.length),
  }));
}
