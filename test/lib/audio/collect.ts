// Reads audio to its end, and cuts bytes as a network might.
import type { AudioStream } from '../../../lib/audio/audio-stream.js';
import { type AudioSource, openAudio } from '../../../lib/audio/open-audio.js';

export interface Collected
  extends Pick<AudioStream, 'sampleRate' | 'channels' | 'durationSeconds'> {
  readonly samples: Float32Array;
  /** What ended the reading, if it was not the end. */
  readonly error: unknown;
}

/** All samples of a source; a fault on the way is returned, one in the header thrown. */
export async function collect(source: AudioSource): Promise<Collected> {
  const { sampleRate, channels, durationSeconds, chunks } = await openAudio(source);
  const pieces: Float32Array[] = [];
  let error: unknown;
  try {
    for await (const chunk of chunks) pieces.push(chunk);
  } catch (caught) {
    error = caught;
  }
  const samples = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  return { sampleRate, channels, durationSeconds, samples, error };
}

/** The code with which opening or reading fails, or undefined if neither does. */
export async function failureOf(source: AudioSource): Promise<{ code: unknown; message: string }> {
  const error = await collect(source).then(
    (collected) => collected.error,
    (thrown) => thrown,
  );
  return { code: error?.code, message: String(error?.message) };
}

/** The bytes in pieces of the given sizes, over and over. */
export async function* inPieces(
  bytes: Uint8Array,
  sizes: readonly number[],
): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** Index of the first sample that differs, or -1: quicker and shorter than comparing by matcher. */
export function firstDifference(a: Float32Array, b: Float32Array): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
