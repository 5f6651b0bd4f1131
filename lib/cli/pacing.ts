// Cuts and delays samples, so that a file arrives as a microphone's audio would.
import { setTimeout } from 'node:timers/promises';
import type { AudioStream } from '../audio/audio-stream.js';

const PIECE_SECONDS = 0.1;

/** The same samples at the pace at which they were recorded, a tenth of a second at a time. */
export async function* atRealTime(
  { sampleRate, channels, chunks }: AudioStream,
  signal: AbortSignal,
): AsyncGenerator<Float32Array> {
  const pieceSamples = Math.ceil(sampleRate * PIECE_SECONDS) * channels;
  const start = performance.now();
  let sent = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += pieceSamples) {
      const piece = chunk.subarray(at, at + pieceSamples);
      sent += piece.length;
      const due = start + (sent / channels / sampleRate) * 1000;
      await setTimeout(Math.max(0, due - performance.now()), undefined, { signal });
      yield piece;
    }
  }
}
