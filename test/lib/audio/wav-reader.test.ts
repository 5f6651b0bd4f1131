// Every sample format, channel count and container of WAV, against samples worked out by hand.
import { describe, expect, it } from 'vitest';
import { openAudio } from '../../../lib/audio/open-audio.js';
import { SAMPLE_FORMATS } from '../../../lib/audio/wav-samples.js';
import { collect, firstDifference, inPieces } from './collect.js';
import { makeChunk, makeWav, type WavFields } from './make-wav.js';

/** A few samples of each format: their bytes, little-endian, and what they mean. */
const CASES: Record<
  string,
  { readonly hex: readonly string[]; readonly values: readonly number[] }
> = {
  '8-bit PCM': { hex: ['00', '80', 'ff', '40'], values: [-1, 0, 127 / 128, -0.5] },
  '16-bit PCM': {
    hex: ['0080', '0000', 'ff7f', '0040', 'ffff'],
    values: [-1, 0, 32767 / 32768, 0.5, -1 / 32768],
  },
  '24-bit PCM': {
    hex: ['000080', '000000', 'ffff7f', '000040', 'ffffff'],
    values: [-1, 0, 8388607 / 8388608, 0.5, -1 / 8388608],
  },
  '32-bit PCM': {
    hex: ['00000080', '00000000', '00000040', 'ffffffff'],
    values: [-1, 0, 0.5, -1 / 2147483648],
  },
  '32-bit float': {
    hex: ['000080bf', '00000000', '0000003f', '00000040'],
    values: [-1, 0, 0.5, 2],
  },
  '64-bit float': {
    hex: ['000000000000f0bf', '0000000000000000', '000000000000e03f'],
    values: [-1, 0, 0.5],
  },
  // ITU-T G.711: the loudest, the quietest and a middle code of each sign.
  'A-law': {
    hex: ['2a', 'aa', '55', 'd5', '00'],
    values: [-32256, 32256, -8, 8, -5504].map((v) => v / 32768),
  },
  'mu-law': {
    hex: ['00', '80', '7f', 'ff', '40'],
    values: [-32124, 32124, 0, 0, -1884].map((v) => v / 32768),
  },
};

const RATES = [8000, 11025, 16000, 22050, 44100, 48000];

/** The case's samples over and over, until there are `count`. */
function samplesOf(name: string, count: number, form: WavFields['form']) {
  const { hex, values } = CASES[name]!;
  const bytes = Array.from({ length: count }, (_, i) => Buffer.from(hex[i % hex.length]!, 'hex'));
  if (form === 'RIFX') for (const sample of bytes) sample.reverse();
  const expected = Float32Array.from({ length: count }, (_, i) => values[i % values.length]!);
  return { data: Buffer.concat(bytes), expected };
}

describe.each(SAMPLE_FORMATS)('$name', ({ name, tag, bits }) => {
  it.each(['RIFF', 'RIFX', 'RF64'] as const)(
    'is read from %s with 1 to 8 channels',
    async (form) => {
      for (let channels = 1; channels <= 8; channels++) {
        for (const sampleRate of RATES) {
          for (const extensible of [false, true]) {
            const { data, expected } = samplesOf(name, channels * 7, form);
            const wav = makeWav({ tag, bits, sampleRate, channels, data, form, extensible });
            const read = await collect(wav);
            expect(read.error).toBeUndefined();
            expect(firstDifference(read.samples, expected)).toBe(-1);
            expect(read).toMatchObject({ sampleRate, channels, durationSeconds: 7 / sampleRate });
          }
        }
      }
    },
  );
});

const MONO = { tag: 1, bits: 16, sampleRate: 16000, channels: 1 };
const { data, expected } = samplesOf('16-bit PCM', 5, 'RIFF');

it('reads a single sample', async () => {
  const read = await collect(makeWav({ ...MONO, data: data.subarray(0, 2) }));
  expect([...read.samples]).toEqual([-1]);
});

it('passes over chunks it does not know, padded to an even length', async () => {
  const between = [makeChunk('LIST', Buffer.from('odd')), makeChunk('bext', Buffer.alloc(600))];
  expect(
    firstDifference((await collect(makeWav({ ...MONO, data, between }))).samples, expected),
  ).toBe(-1);
});

it('ignores what follows the samples', async () => {
  const wav = Buffer.concat([makeWav({ ...MONO, data }), makeChunk('LIST', Buffer.alloc(10, 1))]);
  expect(firstDifference((await collect(wav)).samples, expected)).toBe(-1);
});

it.each([
  ['0xFFFFFFFF', { dataBytes: 0xffffffff, riffBytes: 0xffffffff }],
  ['0x80000000', { dataBytes: 0x80000000, riffBytes: 0x80000024 }],
  ['0x7FFFF000', { dataBytes: 0x7ffff000, riffBytes: 0x7ffff024 }],
  ['0 in a file that claims to end there', { dataBytes: 0, riffBytes: 36 }],
  ['0 in a file of claimed size 0', { dataBytes: 0, riffBytes: 0 }],
])('reads to the end where a pipe left the size at %s', async (_, sizes) => {
  const read = await collect(makeWav({ ...MONO, data, ...sizes }));
  expect(read).toMatchObject({ samples: expected, error: undefined, durationSeconds: undefined });
});

it('believes a file of three gigabytes', async () => {
  const sizes = { dataBytes: 3_000_000_000, riffBytes: 3_000_000_036 };
  const audio = await openAudio(makeWav({ ...MONO, data, ...sizes }));
  expect(audio.durationSeconds).toBe(1_500_000_000 / 16000);
  await audio.close();
});

it('trusts ds64 over the placeholder of RF64', async () => {
  const wav = makeWav({ ...MONO, data, form: 'RF64' });
  const read = await collect(Buffer.concat([wav, Buffer.alloc(64, 7)]));
  expect(read).toMatchObject({ samples: expected, durationSeconds: 5 / 16000 });
});

it('hands live input on as it comes, without waiting for a full piece', async () => {
  const wav = makeWav({ ...MONO, data, dataBytes: 0xffffffff });
  async function* arriving() {
    yield wav.subarray(0, 44 + 3);
    await new Promise(() => {}); // nothing more ever comes
  }
  const { chunks } = await openAudio(arriving());
  for await (const chunk of chunks) {
    expect(chunk).toEqual(expected.subarray(0, 1));
    break;
  }
});

it('reads no further ahead than one piece, however long the file', async () => {
  const header = makeWav({ ...MONO, data: new Uint8Array(0), dataBytes: 0x70000000 });
  let given = 0;
  async function* endless() {
    yield header;
    for (;;) {
      given += 4096;
      yield new Uint8Array(4096);
    }
  }
  const { chunks, durationSeconds } = await openAudio(endless());
  expect(durationSeconds).toBe(0x70000000 / 2 / 16000);
  let taken = 0;
  for await (const chunk of chunks) {
    expect(chunk.length).toBeLessThanOrEqual(32768);
    taken += chunk.length * 2;
    expect(given - taken).toBeLessThanOrEqual(4096);
    if (taken > 1_000_000) break;
  }
});

it('gives the same samples however the bytes are cut', async () => {
  const { data: six, expected: wanted } = samplesOf('24-bit PCM', 600, 'RIFF');
  const wav = makeWav({ ...MONO, bits: 24, channels: 6, data: six });
  for (const sizes of [[1], [2], [3, 1], [17], [44], [45, 1], [1000, 1]]) {
    expect(firstDifference((await collect(inPieces(wav, sizes))).samples, wanted)).toBe(-1);
  }
});
