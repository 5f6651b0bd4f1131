// Plays a recording to a session as a microphone would, and notes what it said after how much audio.
import { setImmediate as eventsAreRead } from 'node:timers/promises';
import { joinSamples } from '../accuracy/corpus.mjs';
import { seededRandom } from '../accuracy/random.mjs';

export const SAMPLE_RATE = 16_000;
export const PIECE_SECONDS = 0.024;
export const ROOM_SECONDS = 2;
const ROOM_LEVEL = 3e-4; // amplitude, about -70 dB

/** The samples and then a quiet room: a stream goes on after the last word. */
export function intoARoom(samples) {
  const random = seededRandom(samples.length);
  const length = ROOM_SECONDS * SAMPLE_RATE;
  return joinSamples([
    samples,
    Float32Array.from({ length }, () => (2 * random() - 1) * ROOM_LEVEL),
  ]);
}

/**
 * Writes samples piece by piece and waits for each.
 *
 * @returns {Promise<{events: object[], text: string, processingSeconds: number}>} of each event: `final`;
 *   `given`, the seconds of audio that had been written; `milliseconds` from that write to the event;
 *   `words`, their texts; `stable`, how many of these will not change.
 */
export async function play(model, samples, options) {
  const session = model.createSession(options);
  const events = [];
  let given = 0;
  let written = 0;
  const reading = (async () => {
    for await (const { type, words } of session) {
      const stable = words.filter((word) => word.stable).length;
      const milliseconds = Math.round(performance.now() - written);
      const texts = words.map(({ text }) => text);
      events.push({ final: type === 'final', given, milliseconds, stable, words: texts });
    }
  })();
  const piece = Math.round(PIECE_SECONDS * SAMPLE_RATE);
  for (let at = 0; at < samples.length; at += piece) {
    given = Math.min(at + piece, samples.length) / SAMPLE_RATE;
    written = performance.now();
    await session.write(samples.subarray(at, at + piece));
    await eventsAreRead();
  }
  const { text, processingSeconds } = await session.finish();
  await reading;
  await session.close();
  return { events, text, processingSeconds };
}
