// Runs a model file over recordings and writes what the engine made of them, for comparison.
//
// usage: dump.mjs MODEL OUT_FOLDER CHUNK RECORDING.f32...    (needs `npm run build`)
//   CHUNK      milliseconds, one of the model's choices; "segment"; or "default"
//   RECORDING  raw 32-bit little-endian floats, 16 kHz mono
// Writes OUT_FOLDER/NAME.f32, the encoder's output, and prints one line of JSON for each recording:
// {"name", "frames", "dim", "text", "words"}.
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { chooseBackend } from '../../dist/esm/backend/choose.js';

const [modelPath, out, chunk, ...recordings] = process.argv.slice(2);
const model = await chooseBackend().backend.loadModelFile(modelPath, 0);
const { frameSeconds } = JSON.parse(model.describe());
const chunkFrames =
  chunk === 'default' ? 0 : chunk === 'segment' ? -1 : Math.round(chunk / 1000 / frameSeconds);

const session = model.openSession({
  sampleRate: 0,
  channels: 1,
  chunkFrames,
  lookAheadFrames: 0,
  noPartials: true,
  noPauses: true,
  pauseSeconds: 0,
  leastPauseSeconds: 0,
  minSpeechSeconds: 0,
  maxSegmentSeconds: 0,
  minConfidence: 0,
  beam: 1,
  keepLoops: true,
  noWords: false,
  secondPass: false,
});

for (const path of recordings) {
  const bytes = await readFile(path);
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const events = [...(await session.write(samples)).events];
  for (let done = false; !done; ) {
    const step = await session.finish();
    events.push(...step.events);
    done = step.done;
  }
  const { values, frames, dim } = session.memory();
  const name = basename(path, '.f32');
  await writeFile(
    join(out, `${name}.f32`),
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  const finals = events.filter(({ type }) => type === 'final');
  const text = finals.map((event) => event.text).join(' ');
  console.log(
    JSON.stringify({ name, frames, dim, text, words: finals.flatMap(({ words }) => words) }),
  );
  await session.reset();
}
session.close();
model.close();
