#!/usr/bin/env node
// Checks that it makes no difference how audio is cut into writes: the encoder's output is the same to
// the last bit, and so is the text.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { loadFacade, readManifest, readMono16k, runTool } from './corpus.mjs';
import { count, readCommandLine, SHARED } from './options.mjs';
import { startProgress } from './progress.mjs';
import { seededRandom } from './random.mjs';
import { recordResult } from './results.mjs';

const { options } = readCommandLine({
  name: 'node tools/accuracy/chunk-invariance.mjs',
  about:
    'Feeds dev utterances in one piece and then in pieces of random length, and compares the bytes of ' +
    "the encoder's output and the final text. Exits with 1 when any differs.",
  options: [
    SHARED.data,
    SHARED.model,
    count('--utterances', 'how many').default(20),
    count('--cuts', 'random cuts in all').default(200),
    SHARED.seed,
  ],
});

await runTool(async () => {
  await loadFacade();
  // The encoder's output is not part of the public interface: this asks the engine itself.
  const { chooseBackend } = await import('../../dist/esm/backend/choose.js');
  const { defaultModelPath } = await import('../../dist/esm/default-model.js');
  const path = options.model === 'default' ? defaultModelPath() : options.model;
  const model = await chooseBackend().backend.loadModelFile(path, 0);
  const rows = readManifest(options.data)
    .filter(({ split, seconds }) => split === 'dev' && seconds <= 20)
    .slice(0, options.utterances);
  const cuts = Math.ceil(options.cuts / rows.length);
  const random = seededRandom(options.seed);
  const progress = startProgress(rows.reduce((sum, row) => sum + row.seconds * cuts, 0));
  let checked = 0;
  const differing = [];
  for (const row of rows) {
    const samples = await readMono16k(join(options.data, row.path));
    const whole = await listen(model, [samples]);
    for (let i = 0; i < cuts; i++, checked++) {
      const cut = await listen(model, randomPieces(samples, random));
      if (cut.memory !== whole.memory || cut.text !== whole.text) differing.push(row.path);
      progress.add(row.seconds);
    }
  }
  progress.end();
  const { name } = JSON.parse(model.describe());
  const result = { model: name, cuts: checked, utterances: rows.length, differ: differing.length };
  recordResult('cuts', result);
  console.log(result);
  if (differing.length > 0) throw new Error(`Differing: ${[...new Set(differing)].join(', ')}`);
});

async function listen(model, pieces) {
  const session = model.openSession({
    sampleRate: 16_000,
    channels: 1,
    chunkFrames: 0,
    lookAheadFrames: 0,
    noPartials: false,
    noPauses: true,
    pauseSeconds: 0,
    leastPauseSeconds: 0,
    minSpeechSeconds: 0,
    maxSegmentSeconds: 0,
    minConfidence: 0,
    beam: 0,
    keepLoops: false,
    noWords: false,
    secondPass: false,
  });
  const finals = [];
  const keep = ({ events }) => {
    finals.push(...events.filter(({ type }) => type === 'final'));
  };
  for (const piece of pieces) keep(await session.write(piece));
  for (let done = false; !done; ) {
    const step = await session.finish();
    keep(step);
    done = step.done;
  }
  const { values, frames } = session.memory();
  if (frames === 0)
    throw new Error('The encoder gave nothing to compare: the utterance is too short.');
  const memory = createHash('sha256').update(values).digest('hex');
  session.close();
  return { memory, text: JSON.stringify(finals) };
}

/** Pieces from one sample to two seconds, most of them short. */
function* randomPieces(samples, random) {
  for (let at = 0; at < samples.length; ) {
    const length = Math.max(1, Math.round(32_000 * random() ** 4));
    yield samples.subarray(at, at + length);
    at += length;
  }
}
