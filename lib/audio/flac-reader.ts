// Reads FLAC: its metadata here, its frames through libFLAC compiled to WebAssembly.
import type { FLACDecoder } from '@wasm-audio-decoders/flac';
import { type AudioStream, checkLayout } from './audio-stream.js';
import type { ByteReader } from './byte-reader.js';
import { cutOff, damaged, decodePiece, type Promised } from './compressed.js';

const STREAMINFO = 0;
const STREAMINFO_BYTES = 34;
// Silence packs 65,535 frames of samples into a dozen bytes; a small piece keeps that bounded.
const PIECE_BYTES = 2048;
const LEAST_PIECE_BYTES = 4; // the decoder fails when its first piece is shorter
// Frame headers: sync code and layout, a number in UTF-8, and a CRC-8 (RFC 9639, section 9.1).
const LEAST_HEADER_BYTES = 6;
const MOST_HEADER_BYTES = 16;
// More than any frame needs for the decoder to look behind its header.
const GUARD_BYTES = 64;

interface StreamInfo extends Promised {
  readonly bits: number;
  /** 0 where the encoder did not know. */
  readonly totalFrames: number;
}

/** Opens a stream that begins with "fLaC". */
export async function openFlac(bytes: ByteReader): Promise<AudioStream> {
  await bytes.skip(4);
  const info = await readMetadata(bytes);
  const { sampleRate, channels, totalFrames } = info;
  checkLayout(sampleRate, channels);
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
  return {
    sampleRate,
    channels,
    durationSeconds: totalFrames === 0 ? undefined : totalFrames / sampleRate,
    chunks: readFrames(bytes, info, () => new FLACDecoder()),
    close: () => bytes.close(),
  };
}

async function readMetadata(bytes: ByteReader): Promise<StreamInfo> {
  let info: StreamInfo | undefined;
  for (let isLast = false; !isLast; ) {
    const header = await bytes.take(4);
    if (header.length < 4) throw cutOff('FLAC', `it ends at byte ${bytes.offset}, in its metadata`);
    isLast = header[0]! >= 0x80;
    const size = (header[1]! << 16) | (header[2]! << 8) | header[3]!;
    if (info) {
      await bytes.skip(size);
    } else {
      if ((header[0]! & 0x7f) !== STREAMINFO || size !== STREAMINFO_BYTES) {
        throw damaged('FLAC', 'its first metadata block is not a STREAMINFO of 34 bytes');
      }
      info = parseStreamInfo(await bytes.take(size));
    }
  }
  return info!;
}

// Bits 80 to 143: sample rate (20), channels - 1 (3), bits - 1 (5), frames of samples (36).
function parseStreamInfo(block: Uint8Array): StreamInfo {
  if (block.length < STREAMINFO_BYTES) throw cutOff('FLAC', 'it ends in its STREAMINFO');
  const packed = new DataView(block.buffer, block.byteOffset + 10, 8).getBigUint64(0);
  return {
    kind: 'FLAC',
    sampleRate: Number(packed >> 44n),
    channels: Number((packed >> 41n) & 7n) + 1,
    bits: Number((packed >> 36n) & 31n) + 1,
    totalFrames: Number(packed & 0xfffffffffn),
  };
}

async function* readFrames(
  bytes: ByteReader,
  info: StreamInfo,
  createDecoder: () => FLACDecoder,
): AsyncGenerator<Float32Array> {
  const decoder = createDecoder();
  let frames = 0;
  try {
    await decoder.ready;
    for await (const piece of guarded(bytes)) {
      const samples = await decodePiece(
        () => (piece === undefined ? decoder.flush() : decoder.decode(piece)),
        info,
      );
      frames += samples.length / info.channels;
      if (samples.length > 0) yield restoreScale(samples, info.bits);
    }
    if (frames === 0 && info.totalFrames === 0) throw damaged('FLAC', 'it holds no audio');
    // The decoder passes over frames whose checksum is wrong: only the count shows that some are gone.
    if (frames < info.totalFrames) {
      const total = info.totalFrames;
      throw cutOff('FLAC', `of its ${total} samples a channel, ${frames} could be read`);
    }
  } finally {
    decoder.free();
    await bytes.close();
  }
}

// The stream's pieces, a guard behind them, and undefined for the end. The decoder knows where a frame
// ends by the header behind it, and takes all that is left at the end for one frame: of two short ones,
// such as silence makes, the second would be lost.
async function* guarded(bytes: ByteReader): AsyncGenerator<Uint8Array | undefined> {
  const start = await bytes.peek(MOST_HEADER_BYTES);
  if (start.length < LEAST_PIECE_BYTES) return;
  const guard = guardOf(start);
  for (;;) {
    const piece = await bytes.takeSome(PIECE_BYTES);
    if (piece.length === 0) break;
    yield piece;
  }
  if (guard.length > 0) yield guard;
  yield undefined;
}

/** The header of the frame that `start` begins with, and zeros; empty where there is none. */
function guardOf(start: Uint8Array): Uint8Array {
  for (let size = LEAST_HEADER_BYTES; size <= start.length; size++) {
    if (crc8(start.subarray(0, size)) !== 0) continue;
    const guard = new Uint8Array(GUARD_BYTES);
    guard.set(start.subarray(0, size));
    return guard;
  }
  return new Uint8Array();
}

// 0 over a header with its checksum.
function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x107 : 0)) & 0xff;
  }
  return crc;
}

// The decoder divides by 32767 where every other reader of 16-bit samples divides by 32768. Up to 16
// bits this gives back the very integers, with 24 bits they may be one off.
function restoreScale(samples: Float32Array, bits: number): Float32Array {
  const full = 2 ** (bits - 1);
  return samples.map((sample) => Math.round(sample * (full - 1)) / full);
}
