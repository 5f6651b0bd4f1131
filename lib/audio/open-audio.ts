// Opens audio of any kind that is read, told apart by its first bytes, never by its name.
import { open } from 'node:fs/promises';
import { expectArgument, ParrotletError } from '../errors.js';
import { pathOf } from '../file-url.js';
import { type AudioStream, CONVERT_HINT, checkLayout } from './audio-stream.js';
import { ByteReader } from './byte-reader.js';
import { openFlac } from './flac-reader.js';
import { id3Bytes, parseMp3Header } from './mp3-frames.js';
import { openMp3 } from './mp3-reader.js';
import { openOpus } from './opus-reader.js';
import { openWav } from './wav-reader.js';

const PIECE_BYTES = 65536;

/** Samples that the caller has already: interleaved, in pieces of whole frames. An AudioStream is one. */
export interface SampleSource {
  /** Hz, 8000 to 48000. */
  readonly sampleRate: number;
  /** 1 to 8. */
  readonly channels: number;
  readonly chunks: AsyncIterable<Float32Array>;
  /** Seconds, where known; only shown as progress. */
  readonly durationSeconds?: number | undefined;
  /** Called when `chunks` is no longer wanted. */
  close?(): Promise<void>;
}

/**
 * Where audio comes from: the path or `file:` URL of an audio file, the bytes of a whole one, its
 * bytes in pieces (such as `process.stdin`), or samples.
 */
export type AudioSource = string | URL | Uint8Array | AsyncIterable<Uint8Array> | SampleSource;

interface Format {
  readonly matches: (head: Uint8Array) => boolean;
  readonly open: (bytes: ByteReader) => Promise<AudioStream>;
}

/** Every format that is read, the first match wins. */
const FORMATS: readonly Format[] = [
  { matches: (head) => /^(RIFF|RIFX|RF64|BW64)/.test(latin1(head)), open: openWav },
  { matches: (head) => latin1(head).startsWith('fLaC'), open: openFlac },
  { matches: (head) => latin1(head).startsWith('OggS'), open: openOpus },
  {
    matches: (head) => latin1(head).startsWith('ID3') || parseMp3Header(head) !== undefined,
    open: openTagged,
  },
];

/** Formats that are recognized in order to be refused by name: where their mark stands, and what it is. */
const FOREIGN: readonly (readonly [string, number, string])[] = [
  ['an AIFF', 0, 'FORM'],
  ['an MP4 or M4A', 4, 'ftyp'],
  ['a WebM or Matroska', 0, '\x1aE\xdf\xa3'],
  ['a Wave64', 0, 'riff'],
  ['a Core Audio', 0, 'caff'],
  ['an AU', 0, '.snd'],
  ['an AAC', 0, '\xff\xf1'],
  ['an AAC', 0, '\xff\xf9'],
  ['an AMR', 0, '#!AMR'],
  ['a Windows Media', 0, '0&\xb2u'],
];

/**
 * Opens WAV, FLAC, Ogg Opus or MP3 audio and reads its header. Memory is bounded whatever the length.
 *
 * @throws {ParrotletError} `AUDIO_UNSUPPORTED` for a format, rate or number of channels that is not
 *   read; `AUDIO_MALFORMED` for what is no audio file, or one that contradicts itself;
 *   `AUDIO_TRUNCATED` for a header that is cut off; `IO_ERROR` if the file cannot be read;
 *   `INVALID_ARGUMENT` for a source of another kind.
 */
export async function openAudio(source: AudioSource): Promise<AudioStream> {
  if (isSampleSource(source)) return openSamples(source);
  const bytes = new ByteReader(byteStream(source));
  try {
    return await openBytes(bytes);
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

async function openBytes(bytes: ByteReader): Promise<AudioStream> {
  const head = await bytes.peek(12);
  const format = FORMATS.find(({ matches }) => matches(head));
  if (format) return format.open(bytes);
  const foreign = FOREIGN.find(([, at, mark]) => latin1(head).startsWith(mark, at));
  if (foreign) {
    throw new ParrotletError(
      'AUDIO_UNSUPPORTED',
      `This is ${foreign[0]} file; WAV, FLAC, Ogg Opus and MP3 are read. ${CONVERT_HINT}`,
    );
  }
  throw new ParrotletError(
    'AUDIO_MALFORMED',
    `Expected a WAV, FLAC, Ogg Opus or MP3 file, but it ${describeHead(head)}.`,
  );
}

// An ID3 tag may stand before FLAC as well as before MP3.
async function openTagged(bytes: ByteReader): Promise<AudioStream> {
  const head = await bytes.peek(10);
  if (latin1(head).startsWith('ID3') && head.length === 10) await bytes.skip(id3Bytes(head));
  return latin1(await bytes.peek(4)) === 'fLaC' ? openFlac(bytes) : openMp3(bytes);
}

function describeHead(head: Uint8Array): string {
  if (head.length === 0) return 'is empty';
  const text = latin1(head);
  return /^[\t\n\r\x20-\x7e]+$/.test(text)
    ? `begins with the text ${JSON.stringify(text)}`
    : `begins with the bytes ${Buffer.from(head).toString('hex')}`;
}

function isSampleSource(source: AudioSource): source is SampleSource {
  return typeof source === 'object' && source !== null && 'chunks' in source;
}

function openSamples(source: SampleSource): AudioStream {
  const { sampleRate, channels, chunks, durationSeconds } = source;
  checkLayout(sampleRate, channels);
  return { sampleRate, channels, durationSeconds, chunks, close: async () => source.close?.() };
}

function byteStream(source: Exclude<AudioSource, SampleSource>): AsyncIterable<Uint8Array> {
  if (typeof source === 'string') return readFile(source);
  if (source instanceof Uint8Array) return onePiece(source);
  if (source instanceof URL) return readFile(pathOf(source, 'source'));
  expectArgument(
    typeof source === 'object' && source !== null && Symbol.asyncIterator in source,
    'source',
    'a path, a file: URL, a Uint8Array, a stream of bytes or { sampleRate, channels, chunks }',
    source,
  );
  return source;
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path).catch((cause) => rethrow(path, cause));
  try {
    for (;;) {
      // A new buffer each time: the parsers keep views of the last one.
      const piece = new Uint8Array(PIECE_BYTES);
      const { bytesRead } = await file.read(piece).catch((cause) => rethrow(path, cause));
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function rethrow(path: string, cause: Error): never {
  const isMissing = 'code' in cause && cause.code === 'ENOENT';
  throw new ParrotletError(
    'IO_ERROR',
    isMissing ? `There is no file at ${path}.` : `Cannot read ${path}: ${cause.message}.`,
    { cause },
  );
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
