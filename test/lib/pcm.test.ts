// How audio of every accepted kind becomes the floats of the engine.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PcmEncoding, type PcmInput, PcmReader } from '../../lib/pcm.js';
import { openFake } from './fake-backend.js';

const read = (pcm: PcmInput, encoding: PcmEncoding = 's16le', channels = 1) => [
  ...new PcmReader(encoding, channels).read(pcm),
];

describe('conversion', () => {
  it('maps 16-bit integers onto [-1, 1)', () => {
    expect(read(Int16Array.of(-32768, 0, 16384, 32767))).toEqual([-1, 0, 0.5, 32767 / 32768]);
  });

  it('reads bytes as little-endian integers or floats', () => {
    expect(read(Buffer.from([0, 0x40, 0, 0x80]))).toEqual([0.5, -1]);
    expect(read(new Uint8Array(Float32Array.of(0.5, -0.25).buffer), 'f32le')).toEqual([0.5, -0.25]);
  });

  it('reads a view that starts at an odd address', () => {
    expect(read(Buffer.from([9, 0, 0x40]).subarray(1))).toEqual([0.5]);
  });

  it('gives the same samples however the bytes are cut', () => {
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 64 });
    const cuts = fc.array(fc.nat(64), { maxLength: 6 });
    fc.assert(
      fc.property(bytes, cuts, fc.constantFrom(1, 2, 3), (all, at, channels) => {
        const reader = new PcmReader('s16le', channels);
        const borders = [0, ...at.filter((cut) => cut < all.length).sort((a, b) => a - b)];
        const pieces = borders.map((from, i) => all.slice(from, borders[i + 1] ?? all.length));
        const cut = pieces.flatMap((piece) => [...reader.read(piece)]);
        expect(cut).toEqual(read(all, 's16le', channels));
        expect(cut.length % channels).toBe(0);
      }),
    );
  });

  it('forgets a waiting byte on reset', () => {
    const reader = new PcmReader('s16le', 1);
    reader.read(Uint8Array.of(7));
    reader.reset();
    expect([...reader.read(Uint8Array.of(0, 0x40))]).toEqual([0.5]);
  });
});

describe('a write that cannot be taken', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'holds %s: it is refused whole, and the session goes on',
    async (bad) => {
      const { session, engine } = openFake();
      await expect(session.write(Float32Array.of(0, 0, bad))).rejects.toMatchObject({
        code: 'PCM_NON_FINITE',
        message: expect.stringMatching(/sample 2 is .*replace/),
      });
      await session.write(Float32Array.of(1));
      expect(engine.pieces).toHaveLength(1);
    },
  );

  it('keeps the byte that waited when bytes turn out not to be finite', () => {
    const reader = new PcmReader('f32le', 1);
    const half = new Uint8Array(Float32Array.of(0.5).buffer);
    const nan = new Uint8Array(Float32Array.of(Number.NaN).buffer);
    reader.read(half.slice(0, 1));
    const bad = Uint8Array.of(...half.slice(1), ...nan);
    expect(() => reader.read(bad)).toThrow(expect.objectContaining({ code: 'PCM_NON_FINITE' }));
    expect([...reader.read(half.slice(1))]).toEqual([0.5]);
  });

  it.each([
    ['an array', [0, 1]],
    ['a string', 'audio'],
    ['nothing', undefined],
    ['doubles', new Float64Array(2)],
    ['a bare ArrayBuffer', new ArrayBuffer(2)],
  ])('is %s', async (_, value) => {
    const { session } = openFake();
    await expect(session.write(value as unknown as PcmInput)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/Expected a Float32Array in \[-1, 1\].*received/),
    });
  });

  it('ends inside a frame of several channels', async () => {
    const { session } = openFake({ channels: 2 });
    await expect(session.write(new Float32Array(3))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('whole frames of 2'),
    });
  });

  it('is of floats where a byte of an incomplete sample waits', async () => {
    const { session } = openFake();
    await session.write(Uint8Array.of(1));
    await expect(session.write(new Float32Array(1))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
