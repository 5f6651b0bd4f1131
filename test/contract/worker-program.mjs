// Started by workers.test.ts as a process of its own, since a crash of the addon would end it:
// `node worker-program.mjs close|terminate|drop MODEL ROUNDS`. Prints one line of JSON.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadModel, openAudio } from '../../dist/esm/index.js';

const WORKERS = 4;
const recording = new URL('../../examples/audio/librivox-austen-0870.wav', import.meta.url);

async function readSeconds(count) {
  const { chunks } = await openAudio(recording);
  const samples = [];
  for await (const chunk of chunks) samples.push(...chunk);
  return Float32Array.from(samples).subarray(0, count * 16000);
}

async function recognize(model, samples) {
  const session = model.createSession();
  await session.write(samples);
  const { text } = await session.finish();
  await session.close();
  return text;
}

async function work({ how, path }) {
  const model = await loadModel(path);
  const samples = await readSeconds(4);
  if (how === 'close') {
    const text = await recognize(model, samples);
    model.close();
    parentPort.postMessage(text);
    return;
  }
  // Ended from outside, or left with work in progress: never tidies up.
  parentPort.postMessage('ready');
  if (how === 'drop') {
    for (let i = 0; i < 3; i++) model.createSession().write(samples);
    return process.exit();
  }
  for (;;) await recognize(model, samples);
}

async function main() {
  const [how, path, rounds] = process.argv.slice(2);
  const results = new Set();
  for (let round = 0; round < Number(rounds); round++) {
    const workers = Array.from({ length: WORKERS }, () => {
      return new Worker(fileURLToPath(import.meta.url), { workerData: { how, path } });
    });
    await Promise.all(
      workers.map(async (worker, i) => {
        const exit = once(worker, 'exit');
        const [message] = await once(worker, 'message');
        results.add(message);
        if (how === 'terminate') {
          await sleep((round * WORKERS + i) % 25);
          await worker.terminate();
        }
        await exit;
      }),
    );
  }
  const model = await loadModel(path);
  console.log(
    JSON.stringify({
      results: [...results],
      expected: await recognize(model, await readSeconds(4)),
    }),
  );
}

await (isMainThread ? main() : work(workerData));
