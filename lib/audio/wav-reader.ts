// Reads WAV files of any length in pieces of at most 64 KiB.
import { ParrotletError } from '../errors.js';
import type { AudioStream } from './audio-stream.js';
import type { ByteReader } from './byte-reader.js';
import { readWavHeader, type WavHeader } from './wav-header.js';
import { decodeSamples } from './wav-samples.js';

const PIECE_BYTES = 65536;

/** Opens a stream that begins with a WAV header. */
export async function openWav(bytes: ByteReader): Promise<AudioStream> {
  const header = await readWavHeader(bytes);
  const { sampleRate, channels, frameBytes, dataBytes } = header;
  return {
    sampleRate,
    channels,
    durationSeconds: dataBytes === undefined ? undefined : dataBytes / frameBytes / sampleRate,
    chunks: readSamples(bytes, header),
    close: () => bytes.close(),
  };
}

async function* readSamples(bytes: ByteReader, header: WavHeader): AsyncGenerator<Float32Array> {
  const { format, frameBytes, littleEndian, dataBytes } = header;
  let read = 0;
  try {
    while (read !== dataBytes) {
      const max = dataBytes === undefined ? PIECE_BYTES : Math.min(PIECE_BYTES, dataBytes - read);
      const piece = await bytes.takeSome(max, frameBytes);
      if (piece.length === 0 && dataBytes === undefined) return;
      read += piece.length;
      if (piece.length < frameBytes) throw truncated(header, read);
      yield decodeSamples(piece, format, littleEndian);
    }
  } finally {
    await bytes.close();
  }
}

function truncated({ dataBytes, frameBytes }: WavHeader, read: number): ParrotletError {
  const expected =
    dataBytes === undefined ? `whole frames of ${frameBytes} bytes` : `${dataBytes} bytes`;
  return new ParrotletError(
    'AUDIO_TRUNCATED',
    `Expected ${expected} of samples in the WAV file, but it ends after ${read}. Was it copied in full?`,
  );
}
