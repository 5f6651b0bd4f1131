// The three ways in which the bench drives parrotlet through its public interface.
import { joinSamples, loadFacade } from '../../tools/accuracy/corpus.mjs';

const { loadModel, transcribe } = await loadFacade();

const SAMPLE_RATE = 16_000;
const CHUNK_SECONDS = 0.16;

/** A random Conformer: chunks of 160 ms of made-up sound, features and output stage included. */
export async function openChunks({ file }) {
  const model = await loadModel(file);
  const session = model.createSession({ partials: false, pauses: false });
  const length = CHUNK_SECONDS * SAMPLE_RATE;
  const sound = Float32Array.from({ length: 64 * length }, (_, i) => Math.sin(i * i * 1e-6) / 4);
  return {
    stepSeconds: () => CHUNK_SECONDS,
    stateBytes: session.stateBytes,
    step: (k) => session.write(sound.subarray((k % 64) * length, ((k % 64) + 1) * length)),
    close: () => close(session, model),
  };
}

/** The streaming model as an application runs it: partials, pauses, one session over all recordings. */
export async function openStream({ file, recordings }) {
  const model = await loadModel(file);
  const session = model.createSession();
  const events = drain(session);
  const length = Math.round((session.chunkMs / 1000) * SAMPLE_RATE);
  const sound = joinSamples(recordings.map(({ samples }) => samples));
  const chunks = Math.floor(sound.length / length);
  return {
    stepSeconds: () => length / SAMPLE_RATE,
    stateBytes: session.stateBytes,
    step: (k) => session.write(sound.subarray((k % chunks) * length, ((k % chunks) + 1) * length)),
    close: async () => {
      await close(session, model);
      await events;
    },
  };
}

/** An offline model: a whole recording a step. */
export async function openRecordings({ file, recordings }) {
  const model = await loadModel(file);
  const at = (k) => recordings[k % recordings.length].samples;
  return {
    stepSeconds: (k) => at(k).length / SAMPLE_RATE,
    stateBytes: null,
    async step(k) {
      const source = { sampleRate: SAMPLE_RATE, channels: 1, chunks: [at(k)] };
      const { text } = await transcribe(model, source, { pauses: false, words: false, beam: 1 });
      return text;
    },
    close: () => model.close(),
  };
}

async function close(session, model) {
  await session.close();
  model.close();
}

async function drain(events) {
  for await (const _ of events);
}
