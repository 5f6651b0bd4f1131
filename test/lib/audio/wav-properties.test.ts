// What holds for any bytes and any cutting of them.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openAudio } from '../../../lib/audio/open-audio.js';
import { SAMPLE_FORMATS } from '../../../lib/audio/wav-samples.js';
import { ERROR_CODES, ParrotletError } from '../../../lib/errors.js';
import { collect, inPieces } from './collect.js';
import { makeWav } from './make-wav.js';

const wavFields = fc
  .record({
    format: fc.constantFrom(...SAMPLE_FORMATS),
    channels: fc.integer({ min: 1, max: 8 }),
    frames: fc.integer({ min: 1, max: 300 }),
    sampleRate: fc.integer({ min: 8000, max: 48000 }),
    form: fc.constantFrom('RIFF', 'RIFX', 'RF64'),
    extensible: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ format, frames, seed, ...fields }) => {
    const data = new Uint8Array((frames * fields.channels * format.bits) / 8);
    for (let i = 0; i < data.length; i++) data[i] = Math.imul(seed + i, 0x9e3779b1) >>> 24;
    return { tag: format.tag, bits: format.bits, data, ...fields };
  });
const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 });

it('gives the same samples however a WAV file is cut', async () => {
  await fc.assert(
    fc.asyncProperty(wavFields, sizes, async (fields, cut) => {
      const wav = makeWav(fields);
      const whole = await collect(wav);
      const pieces = await collect(inPieces(wav, cut));
      expect(pieces).toEqual(whole);
      expect(whole.error).toBeUndefined();
      expect(whole.samples.length).toBe(fields.data.length / (fields.bits / 8));
    }),
    { numRuns: 300 },
  );
});

/** Reads to the end; anything but a typed error fails the test. */
async function expectTypedError(bytes: Uint8Array): Promise<void> {
  try {
    const { chunks, channels } = await openAudio(bytes);
    for await (const chunk of chunks) expect(chunk.length % channels).toBe(0);
  } catch (error) {
    if (!ParrotletError.is(error)) throw error;
    expect(ERROR_CODES).toContain(error.code);
    expect(error.code).toMatch(/^AUDIO_/);
  }
}

it('answers random bytes with a typed error', async () => {
  const mark = fc.constantFrom('', 'RIFF', 'RIFX', 'RF64', 'fLaC', 'OggS', 'ID3', '\xff\xfb\x90');
  await fc.assert(
    fc.asyncProperty(mark, fc.uint8Array({ maxLength: 400 }), (start, rest) =>
      expectTypedError(Buffer.concat([Buffer.from(start, 'latin1'), rest])),
    ),
    { numRuns: 500 },
  );
});

it('answers a WAV header with random bytes in it by samples or a typed error', async () => {
  const change = fc.tuple(fc.nat(90), fc.integer({ min: 0, max: 255 }));
  const changes = fc.array(change, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(wavFields, changes, fc.nat(2000), async (fields, list, length) => {
      const wav = Buffer.from(makeWav(fields).subarray(0, Math.max(1, length)));
      for (const [at, byte] of list) if (at < wav.length) wav[at] = byte;
      await expectTypedError(wav);
    }),
    { numRuns: 500 },
  );
});
