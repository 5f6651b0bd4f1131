// Splits an MP3 stream into frames and passes over the tags between them.
import { ParrotletError } from '../errors.js';
import { CONVERT_HINT } from './audio-stream.js';
import type { ByteReader } from './byte-reader.js';
import { cutOff, damaged } from './compressed.js';

/** What the four bytes before a frame say. */
export interface Mp3Header {
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples a channel that the frame decodes to. */
  readonly samples: number;
  readonly bytes: number;
  /** Bytes of side information that follow the header (and its checksum). */
  readonly sideInfoBytes: number;
}

const HEADER_BYTES = 4;
// kb/s of layer III by index: MPEG 1, then MPEG 2 and 2.5. Index 0 leaves it open, 15 is forbidden.
const BITRATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const SAMPLE_RATES = [44100, 48000, 32000];

/** Reads a frame header, or returns undefined where there is none. */
export function parseMp3Header(bytes: Uint8Array): Mp3Header | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0xff || bytes[1]! < 0xe0) return undefined;
  const version = (bytes[1]! >> 3) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const layer = (bytes[1]! >> 1) & 3; // 1: layer III
  const isFirstVersion = version === 3;
  const kilobits = BITRATES[isFirstVersion ? 0 : 1]![bytes[2]! >> 4];
  const baseRate = SAMPLE_RATES[(bytes[2]! >> 2) & 3];
  if (version === 1 || layer !== 1 || !kilobits || !baseRate) return undefined;

  const sampleRate = baseRate >> (isFirstVersion ? 0 : version === 2 ? 1 : 2);
  const samples = isFirstVersion ? 1152 : 576;
  const padding = (bytes[2]! >> 1) & 1;
  const channels = bytes[3]! >> 6 === 3 ? 1 : 2;
  return {
    sampleRate,
    channels,
    samples,
    bytes: Math.floor((samples / 8) * ((kilobits * 1000) / sampleRate)) + padding,
    sideInfoBytes: isFirstVersion ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17,
  };
}

/**
 * Frames that the "Xing" or "Info" frame of an encoder promises, itself not counted. Undefined where
 * `frame` is not such a frame or leaves the number out.
 */
export function promisedFrames(frame: Uint8Array, header: Mp3Header): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const hasChecksum = (frame[1]! & 1) === 0;
  const at = HEADER_BYTES + (hasChecksum ? 2 : 0) + header.sideInfoBytes;
  if (frame.length < at + 12) return undefined;
  const mark = Buffer.from(frame.subarray(at, at + 4)).toString('latin1');
  const hasCount = (view.getUint32(at + 4) & 1) === 1;
  return (mark === 'Xing' || mark === 'Info') && hasCount ? view.getUint32(at + 8) : undefined;
}

/** Yields the frames of a stream; anything but frames and tags is an error. */
export async function* readMp3Frames(bytes: ByteReader): AsyncGenerator<[Uint8Array, Mp3Header]> {
  for (;;) {
    await skipTags(bytes);
    const start = bytes.offset;
    const head = await bytes.peek(HEADER_BYTES);
    if (head.length === 0) return;
    const header = parseMp3Header(head);
    if (!header) throw noFrame(head, start);
    const frame = await bytes.take(header.bytes);
    if (frame.length < header.bytes) {
      throw cutOff(
        'MP3',
        `expected a frame of ${header.bytes} bytes at byte ${start}, but ${frame.length} came`,
      );
    }
    yield [frame, header];
  }
}

function noFrame(head: Uint8Array, offset: number): ParrotletError {
  const isSync = head[0] === 0xff && head.length > 1 && head[1]! >= 0xe0;
  if (!isSync) return damaged('MP3', `expected a frame at byte ${offset}`);
  return new ParrotletError(
    'AUDIO_UNSUPPORTED',
    `The MPEG audio frame at byte ${offset} is not layer III of a fixed bit rate. ${CONVERT_HINT}`,
  );
}

// ID3v2 says its size, four times seven bits; ID3v1 has 128 bytes; an APE tag comes last but for
// that; some encoders fill up with zeros.
async function skipTags(bytes: ByteReader): Promise<void> {
  for (;;) {
    const head = await bytes.peek(10);
    const mark = Buffer.from(head.subarray(0, 8)).toString('latin1');
    if (mark.startsWith('ID3') && head.length === 10) await bytes.skip(id3Bytes(head));
    else if (mark.startsWith('TAG')) await bytes.skip(128);
    else if (mark === 'APETAGEX' || mark === 'LYRICSBE') await bytes.skip(Number.POSITIVE_INFINITY);
    else if (head[0] === 0) await bytes.skip(1);
    else return;
  }
}

/** Length of the ID3v2 tag that begins with these 10 bytes, header and footer included. */
export function id3Bytes(head: Uint8Array): number {
  const size = head.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
  const hasFooter = (head[5]! & 0x10) !== 0;
  return 10 + size + (hasFooter ? 10 : 0);
}
