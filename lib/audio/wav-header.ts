// Parses the chunks of a WAV file up to its samples: RIFF, RIFX (big-endian), RF64 and BW64.
import { ParrotletError } from '../errors.js';
import { CONVERT_HINT, checkLayout } from './audio-stream.js';
import type { ByteReader } from './byte-reader.js';
import { SAMPLE_FORMATS, type SampleFormat } from './wav-samples.js';

/** What the header says; the reader then stands at the first sample. */
export interface WavHeader {
  readonly format: SampleFormat;
  readonly sampleRate: number;
  readonly channels: number;
  /** Bytes of one sample of every channel. */
  readonly frameBytes: number;
  readonly littleEndian: boolean;
  /** Undefined where the writer did not know: the samples then run to the end of the file. */
  readonly dataBytes: number | undefined;
}

type Format = Pick<WavHeader, 'format' | 'sampleRate' | 'channels' | 'frameBytes'>;

const EXTENSIBLE = 0xfffe;
// All but the first two bytes of the GUID that wraps a plain format tag in WAVE_FORMAT_EXTENSIBLE.
const SUBFORMAT_TAIL = '000000001000800000aa00389b71';
// Writers to a pipe cannot go back to fill in the size. They leave 0xFFFFFFFF (ffmpeg; others take
// their headers off), 0x80000000 (arecord) or about 0x7FFFF000 (sox) behind.
const PLACEHOLDER_SIZES: readonly (readonly [first: number, last: number])[] = [
  [0x7ffff000, 0x80000000],
  [0xffffff00, 0xffffffff],
];

export async function readWavHeader(bytes: ByteReader): Promise<WavHeader> {
  const start = await takeExactly(bytes, 12, 'its first header');
  const form = ascii(start, 0);
  const littleEndian = form !== 'RIFX';
  if (ascii(start, 8) !== 'WAVE') {
    throw malformed(`a ${form} file of type "WAVE"`, `type ${JSON.stringify(ascii(start, 8))}`);
  }
  const riffBytes = viewOf(start).getUint32(4, littleEndian);

  let format: Format | undefined;
  let longDataBytes: number | undefined;
  for (;;) {
    const header = await takeExactly(bytes, 8, 'its "data" chunk');
    const id = ascii(header, 0);
    const size = viewOf(header).getUint32(4, littleEndian);
    if (id === 'data') {
      if (!format) throw malformed('a "fmt " chunk before the "data" chunk', 'none');
      const isLong = form === 'RF64' || form === 'BW64';
      const dataBytes =
        isLong && size === 0xffffffff
          ? longDataBytes
          : knownDataBytes(size, riffBytes, bytes.offset);
      await checkData(bytes, dataBytes, format.frameBytes);
      return { ...format, littleEndian, dataBytes };
    }
    if (id === 'fmt ') {
      if (size < 16 || size > 4096)
        throw malformed('a "fmt " chunk of 16 bytes or more', `${size}`);
      format = parseFormat(await takeExactly(bytes, size, 'its "fmt " chunk'), littleEndian);
      await bytes.skip(size % 2);
    } else if (id === 'ds64') {
      if (size < 24 || size > 4096)
        throw malformed('a "ds64" chunk of 24 bytes or more', `${size}`);
      const ds64 = await takeExactly(bytes, size, 'its "ds64" chunk');
      longDataBytes = Number(viewOf(ds64).getBigUint64(8, littleEndian));
      await bytes.skip(size % 2);
    } else {
      await bytes.skip(size + (size % 2)); // chunks are padded to an even length
    }
  }
}

// A size of 0 is a placeholder too, where the file claims to end there although bytes follow.
function knownDataBytes(size: number, riffBytes: number, dataStart: number): number | undefined {
  if (PLACEHOLDER_SIZES.some(([first, last]) => size >= first && size <= last)) return undefined;
  if (size === 0 && riffBytes + 8 <= dataStart) return undefined;
  return size;
}

async function checkData(
  bytes: ByteReader,
  dataBytes: number | undefined,
  frameBytes: number,
): Promise<void> {
  if (dataBytes === 0 || (dataBytes === undefined && (await bytes.peek(1)).length === 0)) {
    throw new ParrotletError('AUDIO_MALFORMED', 'The WAV file holds no audio: its header is all.');
  }
  if (dataBytes !== undefined && dataBytes % frameBytes !== 0) {
    throw malformed(`a "data" chunk of whole frames of ${frameBytes} bytes`, `${dataBytes} bytes`);
  }
}

function parseFormat(chunk: Uint8Array, littleEndian: boolean): Format {
  const view = viewOf(chunk);
  const channels = view.getUint16(2, littleEndian);
  const sampleRate = view.getUint32(4, littleEndian);
  const frameBytes = view.getUint16(12, littleEndian);
  const bits = view.getUint16(14, littleEndian);
  const tag = formatTag(view, littleEndian);

  checkLayout(sampleRate, channels);
  const format = SAMPLE_FORMATS.find((f) => f.tag === tag && f.bits === bits);
  if (!format) {
    const known = SAMPLE_FORMATS.map((f) => f.name).join(', ');
    throw new ParrotletError(
      'AUDIO_UNSUPPORTED',
      `The WAV file has ${bits}-bit samples of format ${tag}; these are read: ${known}. ${CONVERT_HINT}`,
    );
  }
  if (frameBytes !== (channels * bits) / 8) {
    throw malformed(
      `frames of ${(channels * bits) / 8} bytes (${channels} x ${format.name})`,
      `${frameBytes} bytes`,
    );
  }
  return { format, sampleRate, channels, frameBytes };
}

function formatTag(view: DataView, littleEndian: boolean): number {
  const tag = view.getUint16(0, littleEndian);
  if (tag !== EXTENSIBLE) return tag;
  if (view.byteLength < 40) {
    throw malformed('an extensible "fmt " chunk of 40 bytes', `${view.byteLength}`);
  }
  const tail = Buffer.from(view.buffer, view.byteOffset + 26, 14).toString('hex');
  // A foreign GUID is no format that is read: 0 matches none.
  return tail === SUBFORMAT_TAIL ? view.getUint16(24, littleEndian) : 0;
}

async function takeExactly(bytes: ByteReader, count: number, what: string): Promise<Uint8Array> {
  const taken = await bytes.take(count);
  if (taken.length < count) {
    throw new ParrotletError(
      'AUDIO_TRUNCATED',
      `The WAV file ends at byte ${bytes.offset}, before the end of ${what}. Was it copied in full?`,
    );
  }
  return taken;
}

function malformed(expected: string, actual: string): ParrotletError {
  return new ParrotletError(
    'AUDIO_MALFORMED',
    `Expected ${expected} in the WAV file, but it has ${actual}. Write the file again.`,
  );
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
