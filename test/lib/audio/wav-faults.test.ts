// Broken and foreign files: each is refused with its code and a message that tells what came.
import { describe, expect, it } from 'vitest';
import { collect, failureOf } from './collect.js';
import { makeChunk, makeWav, type WavFields } from './make-wav.js';

const DATA = Buffer.from('0080000000400000', 'hex');
const FIELDS: WavFields = { tag: 1, bits: 16, sampleRate: 16000, channels: 1, data: DATA };
const wav = (changes: Partial<WavFields> = {}) => makeWav({ ...FIELDS, ...changes });
const riff = (...chunks: Uint8Array[]) =>
  makeChunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]));

const CATALOGUE: readonly (readonly [string, Uint8Array, string, RegExp])[] = [
  ['an empty file', Buffer.alloc(0), 'AUDIO_MALFORMED', /is empty/],
  ['one byte', Buffer.from('R'), 'AUDIO_MALFORMED', /text "R"/],
  ['text', Buffer.from('Hello, this is text.'), 'AUDIO_MALFORMED', /text "Hello, this /],
  ['other bytes', Buffer.from('00010203deadbeef', 'hex'), 'AUDIO_MALFORMED', /00010203deadbeef/],
  ['a header cut off', wav().subarray(0, 10), 'AUDIO_TRUNCATED', /ends at byte 10/],
  ['a format chunk cut off', wav().subarray(0, 30), 'AUDIO_TRUNCATED', /"fmt " chunk/],
  ['no data chunk', wav().subarray(0, 36), 'AUDIO_TRUNCATED', /"data" chunk/],
  ['RIFF of another type', makeChunk('RIFF', Buffer.from('AVI LIST')), 'AUDIO_MALFORMED', /"AVI "/],
  ['no format chunk', riff(makeChunk('data', DATA)), 'AUDIO_MALFORMED', /"fmt " chunk before/],
  ['a short format chunk', riff(makeChunk('fmt ', DATA)), 'AUDIO_MALFORMED', /16 bytes/],
  [
    'a huge format chunk',
    riff(makeChunk('fmt ', DATA, true, 1e9)),
    'AUDIO_MALFORMED',
    /1000000000/,
  ],
  ['a short ds64 chunk', riff(makeChunk('ds64', DATA)), 'AUDIO_MALFORMED', /24 bytes/],
  ['a cut extensible format', cutExtensible(), 'AUDIO_MALFORMED', /40 bytes/],
  ['no samples', wav({ data: Buffer.alloc(0) }), 'AUDIO_MALFORMED', /holds no audio/],
  [
    'no samples in a stream',
    wav({ data: Buffer.alloc(0), dataBytes: 0xffffffff }),
    'AUDIO_MALFORMED',
    /holds no audio/,
  ],
  ['no samples but other chunks', withTail(), 'AUDIO_MALFORMED', /holds no audio/],
  ['an odd byte', wav({ data: DATA.subarray(0, 7) }), 'AUDIO_MALFORMED', /7 bytes/],
  ['wrong frame size', wav({ frameBytes: 3 }), 'AUDIO_MALFORMED', /frames of 2 bytes/],
  ['no channels', wav({ channels: 0 }), 'AUDIO_UNSUPPORTED', /0 channels; 1 to 8/],
  ['nine channels', wav({ channels: 9 }), 'AUDIO_UNSUPPORTED', /9 channels; 1 to 8/],
  ['96 kHz', wav({ sampleRate: 96000 }), 'AUDIO_UNSUPPORTED', /96000 Hz; 8000 to 48000.*ffmpeg/],
  ['a rate of 0', wav({ sampleRate: 0 }), 'AUDIO_UNSUPPORTED', /is 0 Hz/],
  ['12 bits', wav({ bits: 12, frameBytes: 2 }), 'AUDIO_UNSUPPORTED', /12-bit.*16-bit PCM/],
  ['ADPCM', wav({ tag: 2, bits: 4, frameBytes: 1 }), 'AUDIO_UNSUPPORTED', /format 2/],
  ['a foreign GUID', foreignGuid(), 'AUDIO_UNSUPPORTED', /format 0/],
  ['AIFF', Buffer.from('FORM\0\0\0\x10AIFFCOMM'), 'AUDIO_UNSUPPORTED', /an AIFF file/],
  ['MP4', Buffer.from('\0\0\0\x20ftypM4A '), 'AUDIO_UNSUPPORTED', /an MP4 or M4A file/],
  ['WebM', Buffer.from('1a45dfa39f428681', 'hex'), 'AUDIO_UNSUPPORTED', /a WebM/],
  ['AAC', Buffer.from('fff15080017ffcde', 'hex'), 'AUDIO_UNSUPPORTED', /an AAC file/],
];

describe('refuses', () => {
  it.each(CATALOGUE)('%s', async (_, bytes, code, message) => {
    const failure = await failureOf(bytes);
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });
});

it.each([
  ['at a sample', 6, [-1, 0, 0.5]],
  ['inside a sample', 5, [-1, 0]],
  ['at once', 0, []],
])('gives the samples before a cut %s, then AUDIO_TRUNCATED', async (_, left, samples) => {
  const read = await collect(wav().subarray(0, 44 + left));
  expect([...read.samples]).toEqual(samples);
  expect(read.error).toMatchObject({ code: 'AUDIO_TRUNCATED' });
  expect(String(read.error)).toContain(
    `8 bytes of samples in the WAV file, but it ends after ${left}`,
  );
});

it('tells a stream that ends inside a frame', async () => {
  const read = await collect(wav({ dataBytes: 0xffffffff }).subarray(0, 44 + 5));
  expect([...read.samples]).toEqual([-1, 0]);
  expect(read.error).toMatchObject({ code: 'AUDIO_TRUNCATED' });
});

function cutExtensible(): Uint8Array {
  const bytes = Buffer.from(wav());
  bytes.writeUInt16LE(0xfffe, 20);
  return bytes;
}

function foreignGuid(): Uint8Array {
  const bytes = Buffer.from(wav({ extensible: true }));
  bytes[50] = 1;
  return bytes;
}

function withTail(): Uint8Array {
  const tail = makeChunk('LIST', Buffer.alloc(4));
  return Buffer.concat([wav({ data: Buffer.alloc(0), riffBytes: 36 + tail.length }), tail]);
}
