// Cuts and delays samples, so that a file arrives as a microphone's audio would.
import { setTimeout } from 'node:timers/promises';
import type { AudioStream } from '../audio/audio-stream.js';

const PIECE_SECONDS = 0.1;

/**
 * The same samples `speed` times as fast as they were spoken, a tenth of a second at a time, each
 * when its last sample would have been heard.
 */
export async function* atSpeed(
  { sampleRate, channels, chunks }: AudioStream,
  speed: number,
  signal: AbortSignal,
): AsyncGenerator<Float32Array> {
  const pieceSamples = Math.ceil(sampleRate * PIECE_SECONDS) * channels;
  const start = performance.now();
  let sent = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += pieceSamples) {
      const piece = chunk.subarray(at, at + pieceSamples);
      sent += piece.length;
      const due = start + (sent / channels / sampleRate / speed) * 1000;
      await setTimeout(Math.max(0, due - performance.now()), undefined, { signal });
      yield piece;
    }
  }
}
