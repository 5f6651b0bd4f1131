// FLAC, Ogg Opus and MP3 against the tone they were made from (fixtures/README.md).
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { openAudio } from '../../../lib/audio/open-audio.js';
import { collect, failureOf, firstDifference, inPieces } from './collect.js';

const fixture = (name: string) =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.url)) as Uint8Array;

/** The tone as interleaved samples, rounded to `bits` where given. */
function tone(sampleRate: number, channels: number, frames: number, bits?: number): Float32Array {
  const step = bits === undefined ? 0 : 2 ** (1 - bits);
  return Float32Array.from({ length: frames * channels }, (_, i) => {
    const cycles = (440 * ((i % channels) + 1) * Math.floor(i / channels)) / sampleRate;
    const sample = 0.5 * Math.sin(2 * Math.PI * cycles);
    return step ? Math.round(sample / step) * step + 0 : sample; // + 0: no negative zero
  });
}

/** Root mean square of the difference, the first and last `edge` samples left out. */
function distance(a: Float32Array, b: Float32Array, edge: number): number {
  let sum = 0;
  for (let i = edge; i < a.length - edge; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum / (a.length - 2 * edge));
}

describe('FLAC', () => {
  it.each([
    ['mono-16k.flac', 16000, 1, 8000, 16],
    ['stereo-44k-24bit.flac', 44100, 2, 4410, 24],
    ['six-channels-8k.flac', 8000, 6, 800, 16],
  ])('%s is decoded to the very samples', async (name, sampleRate, channels, frames, bits) => {
    const read = await collect(fixture(name));
    expect(read.error).toBeUndefined();
    expect(read).toMatchObject({ sampleRate, channels, durationSeconds: frames / sampleRate });
    const expected = tone(sampleRate, channels, frames, bits);
    // libFLAC's integers pass through 32-bit floats, which cannot hold every one of 24 bits.
    if (bits === 16) expect(firstDifference(read.samples, expected)).toBe(-1);
    else expect(distance(read.samples, expected, 0)).toBeLessThan(2 ** -23);
  });

  it('is read without a length in its header', async () => {
    const read = await collect(fixture('unknown-length.flac'));
    expect(read).toMatchObject({ durationSeconds: undefined, error: undefined });
    expect(firstDifference(read.samples, tone(16000, 1, 8000, 16))).toBe(-1);
  });

  it('is read to its last frame where that is short', async () => {
    const read = await collect(fixture('silent-end.flac'));
    expect(read.error).toBeUndefined();
    const expected = new Float32Array(5096);
    expected.set(tone(16000, 1, 4096, 16));
    expect(firstDifference(read.samples, expected)).toBe(-1);
  });

  it('is read behind an ID3 tag', async () => {
    const tag = Buffer.from('ID3\x04\0\0\0\0\0\x05 any ');
    const read = await collect(Buffer.concat([tag, fixture('mono-16k.flac')]));
    expect(firstDifference(read.samples, tone(16000, 1, 8000, 16))).toBe(-1);
  });

  it('tells a missing end', async () => {
    const read = await collect(fixture('mono-16k.flac').subarray(0, 3000));
    expect(read.error).toMatchObject({ code: 'AUDIO_TRUNCATED' });
    expect(String(read.error)).toMatch(/of its 8000 samples a channel, 4096/);
    expect(
      firstDifference(read.samples, tone(16000, 1, 8000, 16).subarray(0, read.samples.length)),
    ).toBe(-1);
  });

  it('tells a frame that is damaged', async () => {
    const bytes = Buffer.from(fixture('mono-16k.flac'));
    bytes[2000]! ^= 0x10;
    expect((await failureOf(bytes)).code).toMatch(/^AUDIO_(MALFORMED|TRUNCATED)$/);
  });

  it.each([
    ['its mark alone', Buffer.from('fLaC'), 'AUDIO_TRUNCATED'],
    ['a first block that is no STREAMINFO', Buffer.from('fLaC\x81\0\0\x01x'), 'AUDIO_MALFORMED'],
    ['STREAMINFO cut off', fixture('mono-16k.flac').subarray(0, 30), 'AUDIO_TRUNCATED'],
    ['metadata without frames', fixture('unknown-length.flac').subarray(0, 86), 'AUDIO_MALFORMED'],
  ])('refuses %s', async (_, bytes, code) => {
    expect((await failureOf(bytes)).code).toBe(code);
  });
});

describe('Ogg Opus', () => {
  it.each([
    ['mono.opus', 1, 24000],
    ['stereo-pages.opus', 2, 14400],
  ])('%s is decoded at 48 kHz to the length that was encoded', async (name, channels, frames) => {
    const read = await collect(fixture(name));
    expect(read).toMatchObject({ sampleRate: 48000, channels, error: undefined });
    expect(read.samples).toHaveLength(frames * channels);
    expect(distance(read.samples, tone(48000, channels, frames), 2400)).toBeLessThan(0.01);
  });

  it('is read from streams one after the other', async () => {
    const bytes = Buffer.concat([fixture('mono.opus'), fixture('mono.opus')]);
    const read = await collect(bytes);
    expect(read.error).toBeUndefined();
    expect(read.samples).toHaveLength(48000);
    expect(read.samples.subarray(24000)).toEqual(read.samples.subarray(0, 24000));
  });

  it('applies the gain of its header', async () => {
    const bytes = Buffer.from(fixture('mono.opus'));
    bytes.writeInt16LE(-1541, 28 + 16); // -6.02 dB in 1/256 dB
    bytes.writeUInt32LE(0, 22);
    bytes.writeUInt32LE(oggChecksum(bytes.subarray(0, 47)), 22);
    const half = await collect(bytes);
    const whole = await collect(fixture('mono.opus'));
    expect(half.error).toBeUndefined();
    expect(
      distance(
        half.samples,
        whole.samples.map((sample) => sample / 2),
        0,
      ),
    ).toBeLessThan(1e-4);
  });

  it.each([
    ['a page cut off', (bytes: Buffer) => bytes.subarray(0, 1500), 'AUDIO_TRUNCATED', /page of/],
    ['a missing last page', withoutLastPage, 'AUDIO_TRUNCATED', /without its last page/],
    ['a flipped bit', flipBit, 'AUDIO_MALFORMED', /checksum/],
    ['bytes between pages', insertByte, 'AUDIO_MALFORMED', /expected an Ogg page/],
    ['a missing page', withoutSecondPage, 'AUDIO_MALFORMED', /missing/],
  ])('tells %s', async (_, change, code, message) => {
    const failure = await failureOf(change(Buffer.from(fixture('stereo-pages.opus'))));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });

  it('refuses an Ogg stream of another codec', async () => {
    const bytes = Buffer.from(fixture('mono.opus').subarray(0, 47));
    bytes.write('NotOpus!', 28);
    bytes.writeUInt32LE(0, 22);
    bytes.writeUInt32LE(oggChecksum(bytes), 22);
    expect((await failureOf(bytes)).code).toBe('AUDIO_UNSUPPORTED');
  });
});

describe('MP3', () => {
  it('is decoded, its tags left out', async () => {
    const read = await collect(fixture('mono-16k-id3.mp3'));
    expect(read).toMatchObject({ sampleRate: 16000, channels: 1, error: undefined });
    // No Info frame tells the encoder's delay, so it stays in front: 1105 samples.
    const heard = read.samples.subarray(1105, 1105 + 8000);
    expect(distance(heard, tone(16000, 1, 8000), 800)).toBeLessThan(0.02);
  });

  it('is decoded without the delay that an Info frame tells', async () => {
    const read = await collect(fixture('stereo-48k-vbr.mp3'));
    expect(read).toMatchObject({ sampleRate: 48000, channels: 2, error: undefined });
    expect(read.samples).toHaveLength(14400 * 2);
    expect(distance(read.samples, tone(48000, 2, 14400), 4800)).toBeLessThan(0.02);
    expect(read.durationSeconds).toBeGreaterThanOrEqual(0.3);
    expect(read.durationSeconds).toBeLessThan(0.4);
  });

  it('tells a frame that is cut off', async () => {
    const failure = await failureOf(fixture('mono-16k-id3.mp3').subarray(0, 1500));
    expect(failure.code).toBe('AUDIO_TRUNCATED');
    expect(failure.message).toMatch(/a frame of 144 bytes/);
  });

  it('tells frames that an Info frame promised and that are missing', async () => {
    const bytes = fixture('stereo-48k-vbr.mp3');
    const frames = frameStarts(bytes);
    const failure = await failureOf(bytes.subarray(0, frames.at(-2)));
    expect(failure).toMatchObject({ code: 'AUDIO_TRUNCATED' });
    expect(failure.message).toMatch(/expected \d+ frames/);
  });

  it.each([
    [
      'bytes between frames',
      () => insertAt(fixture('mono-16k-id3.mp3'), 102 + 144),
      'AUDIO_MALFORMED',
    ],
    ['a tag alone', () => fixture('mono-16k-id3.mp3').subarray(0, 102), 'AUDIO_MALFORMED'],
    ['layer II', () => layerTwo(fixture('stereo-48k-vbr.mp3')), 'AUDIO_UNSUPPORTED'],
  ])('refuses %s', async (_, change, code) => {
    expect((await failureOf(change())).code).toBe(code);
  });
});

const ALL = [
  'mono-16k.flac',
  'six-channels-8k.flac',
  'mono.opus',
  'stereo-pages.opus',
  'mono-16k-id3.mp3',
  'stereo-48k-vbr.mp3',
];

it.each(ALL)('%s gives the same samples however the bytes are cut', async (name) => {
  const whole = await collect(fixture(name));
  for (const sizes of [[1], [7, 300], [1000]]) {
    const cut = await collect(inPieces(fixture(name), sizes));
    expect(cut.error).toBeUndefined();
    expect(firstDifference(cut.samples, whole.samples)).toBe(-1);
  }
});

it.each(ALL)(
  '%s with any bit flipped decodes or is refused, and nothing is printed',
  async (name) => {
    const printed = vi.spyOn(console, 'error');
    const bytes = fixture(name);
    for (let at = 3; at < bytes.length; at += 149) {
      const broken = Buffer.from(bytes);
      broken[at]! ^= 1 << (at % 8);
      const { code } = await failureOf(broken);
      expect(['undefined', 'AUDIO_MALFORMED', 'AUDIO_TRUNCATED', 'AUDIO_UNSUPPORTED']).toContain(
        String(code),
      );
    }
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  },
);

it('lets go of the decoder when the reader stops early', async () => {
  for (const name of ALL) {
    let closed = false;
    async function* source() {
      try {
        yield* inPieces(fixture(name), [500]);
      } finally {
        closed = true;
      }
    }
    const { chunks } = await openAudio(source());
    for await (const chunk of chunks) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(true);
  }
});

/** The definition of an Ogg page's checksum, bit by bit. */
function oggChecksum(page: Uint8Array): number {
  let checksum = 0;
  for (const byte of page) {
    checksum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) checksum = (checksum << 1) ^ (checksum < 0 ? 0x04c11db7 : 0);
  }
  return checksum >>> 0;
}

function pageStarts(bytes: Buffer): number[] {
  const starts = [];
  for (let at = bytes.indexOf('OggS'); at >= 0; at = bytes.indexOf('OggS', at + 1)) starts.push(at);
  return starts;
}

function withoutLastPage(bytes: Buffer): Uint8Array {
  return bytes.subarray(0, pageStarts(bytes).at(-1));
}

function withoutSecondPage(bytes: Buffer): Uint8Array {
  const [, second, third] = pageStarts(bytes);
  return Buffer.concat([bytes.subarray(0, second), bytes.subarray(third)]);
}

function flipBit(bytes: Buffer): Uint8Array {
  bytes[bytes.length - 10]! ^= 4;
  return bytes;
}

function insertByte(bytes: Buffer): Uint8Array {
  return insertAt(bytes, pageStarts(bytes)[2]!);
}

function insertAt(bytes: Uint8Array, at: number): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from('x'), bytes.subarray(at)]);
}

function frameStarts(bytes: Uint8Array): number[] {
  const starts = [];
  for (let at = 0; at + 1 < bytes.length; at++) {
    if (bytes[at] === 0xff && bytes[at + 1] === bytes[1]) starts.push(at);
  }
  return starts;
}

function layerTwo(bytes: Uint8Array): Uint8Array {
  const start = frameStarts(bytes)[3]!;
  const changed = Buffer.from(bytes);
  changed[start + 1] = 0xfd;
  return changed;
}
