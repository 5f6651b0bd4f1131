// Turns what a caller writes (floats, 16-bit integers, bytes) into the float samples of the engine.
import { expectArgument, ParrotletError } from './errors.js';

/** Audio as a caller may hand it over; a Buffer is a Uint8Array. */
export type PcmInput = Float32Array | Int16Array | Uint8Array;

/** How bytes hold samples: 16-bit integers or 32-bit floats, both little-endian. */
export type PcmEncoding = 's16le' | 'f32le';

const sampleBytes = { s16le: 2, f32le: 4 } as const;

/**
 * Reads one stream of interleaved audio. Bytes may be cut anywhere: those of an incomplete frame
 * wait for the next call.
 */
export class PcmReader {
  readonly #encoding: PcmEncoding;
  readonly #channels: number;
  #carry: Uint8Array = new Uint8Array(0);

  constructor(encoding: PcmEncoding, channels: number) {
    this.#encoding = encoding;
    this.#channels = channels;
  }

  /** Frames in `pcm`, bytes waiting from before not counted. Throws when it is no audio. */
  frames(pcm: PcmInput): number {
    const bytes = pcm instanceof Uint8Array;
    expectArgument(
      bytes || pcm instanceof Float32Array || pcm instanceof Int16Array,
      'pcm',
      'a Float32Array in [-1, 1], an Int16Array, or bytes (Buffer or Uint8Array)',
      pcm,
    );
    if (bytes) return Math.floor(pcm.length / this.#frameBytes);
    expectArgument(
      pcm.length % this.#channels === 0,
      'pcm',
      `whole frames of ${this.#channels} interleaved samples`,
      pcm.length,
    );
    expectArgument(
      this.#carry.length === 0,
      'pcm',
      `bytes that complete the sample of which the last write brought ${this.#carry.length}`,
      pcm,
    );
    return pcm.length / this.#channels;
  }

  /**
   * A copy of `pcm` as floats in [-1, 1], whole frames only.
   *
   * @throws {ParrotletError} `PCM_NON_FINITE`; nothing of `pcm` is then taken.
   */
  read(pcm: PcmInput): Float32Array {
    if (pcm instanceof Int16Array) return fromIntegers(pcm);
    if (pcm instanceof Float32Array) return expectFinite(pcm.slice());

    const waiting = this.#carry.length;
    const bytes = new Uint8Array(waiting + pcm.length);
    bytes.set(this.#carry);
    bytes.set(pcm, waiting);
    const whole = bytes.length - (bytes.length % this.#frameBytes);
    const samples = expectFinite(fromBytes(bytes.subarray(0, whole), this.#encoding));
    this.#carry = bytes.slice(whole);
    return samples;
  }

  /** Forgets the bytes of an incomplete frame. */
  reset(): void {
    this.#carry = new Uint8Array(0);
  }

  get #frameBytes(): number {
    return sampleBytes[this.#encoding] * this.#channels;
  }
}

// A loop, as Float32Array.from takes five times as long.
function fromIntegers(integers: Int16Array): Float32Array {
  const samples = new Float32Array(integers.length);
  for (let i = 0; i < samples.length; i++) samples[i] = integers[i]! / 32768;
  return samples;
}

function fromBytes(bytes: Uint8Array, encoding: PcmEncoding): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(bytes.length / sampleBytes[encoding]);
  for (let i = 0; i < samples.length; i++) {
    samples[i] =
      encoding === 's16le' ? view.getInt16(2 * i, true) / 32768 : view.getFloat32(4 * i, true);
  }
  return samples;
}

function expectFinite(samples: Float32Array): Float32Array {
  const bad = samples.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return samples;
  throw new ParrotletError(
    'PCM_NON_FINITE',
    `Expected finite samples in [-1, 1], but sample ${bad} is ${samples[bad]}. Nothing of this ` +
      'write was taken; replace such samples (with 0, say) and write it again.',
  );
}
