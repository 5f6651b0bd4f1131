// Reads MP3: frames here, their samples through mpg123 compiled to WebAssembly.
import type { MPEGDecoder } from 'mpg123-decoder';
import { type AudioStream, checkLayout } from './audio-stream.js';
import type { ByteReader } from './byte-reader.js';
import { cutOff, damaged, decodePiece, type Promised } from './compressed.js';
import { type Mp3Header, promisedFrames, readMp3Frames } from './mp3-frames.js';

type Frame = [Uint8Array, Mp3Header];

/** Opens a stream that begins with an MPEG layer III frame or an ID3 tag. */
export async function openMp3(bytes: ByteReader): Promise<AudioStream> {
  const frames = readMp3Frames(bytes);
  const first = await frames.next();
  if (first.done) throw damaged('MP3', 'it holds no audio');
  const { sampleRate, channels, samples } = first.value[1];
  checkLayout(sampleRate, channels);
  const count = promisedFrames(...first.value);
  const { MPEGDecoder } = await import('mpg123-decoder');
  return {
    sampleRate,
    channels,
    durationSeconds: count === undefined ? undefined : (count * samples) / sampleRate,
    chunks: readSamples(bytes, first.value, frames, () => new MPEGDecoder()),
    close: () => bytes.close(),
  };
}

async function* readSamples(
  bytes: ByteReader,
  first: Frame,
  rest: AsyncGenerator<Frame>,
  createDecoder: () => MPEGDecoder,
): AsyncGenerator<Float32Array> {
  const promised: Promised = { kind: 'MP3', ...first[1] };
  const count = promisedFrames(...first);
  const decoder = createDecoder();
  let frames = count === undefined ? 1 : 0; // the frame that promises holds no audio itself
  try {
    await decoder.ready;
    const opening = await decodePiece(() => decoder.decode(first[0]), promised);
    if (opening.length > 0) yield opening;
    for await (const [frame] of rest) {
      frames++;
      const samples = await decodePiece(() => decoder.decode(frame), promised);
      if (samples.length > 0) yield samples;
    }
    if (count !== undefined && frames < count) {
      throw cutOff('MP3', `expected ${count} frames, but ${frames} came`);
    }
  } finally {
    decoder.free();
    await bytes.close();
  }
}
