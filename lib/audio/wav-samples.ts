// The sample formats of WAV files: how one sample of each becomes a number in [-1, 1].

/** One way to write a sample. `read` takes the byte offset of the sample in the view. */
export interface SampleFormat {
  readonly name: string;
  readonly tag: number;
  readonly bits: number;
  readonly read: (view: DataView, at: number, littleEndian: boolean) => number;
}

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;

// ITU-T G.711: sign, three bits of exponent, four of mantissa; A-law inverts every other bit.
function expandALaw(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + (exponent === 0 ? 8 : 0x108);
  const magnitude = exponent < 2 ? mantissa : mantissa << (exponent - 1);
  return (bits & 0x80 ? magnitude : -magnitude) / 32768;
}

function expandMuLaw(code: number): number {
  const bits = ~code & 0xff;
  const biased = (((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7);
  return (bits & 0x80 ? 0x84 - biased : biased - 0x84) / 32768;
}

function readInt24(view: DataView, at: number, littleEndian: boolean): number {
  return littleEndian
    ? view.getUint16(at, true) + view.getInt8(at + 2) * 65536
    : view.getInt8(at) * 65536 + view.getUint16(at + 1, false);
}

/** Every sample format that is read. */
export const SAMPLE_FORMATS: readonly SampleFormat[] = [
  { name: '8-bit PCM', tag: PCM, bits: 8, read: (v, at) => (v.getUint8(at) - 128) / 128 },
  { name: '16-bit PCM', tag: PCM, bits: 16, read: (v, at, le) => v.getInt16(at, le) / 32768 },
  { name: '24-bit PCM', tag: PCM, bits: 24, read: (v, at, le) => readInt24(v, at, le) / 8388608 },
  { name: '32-bit PCM', tag: PCM, bits: 32, read: (v, at, le) => v.getInt32(at, le) / 2147483648 },
  { name: '32-bit float', tag: FLOAT, bits: 32, read: (v, at, le) => v.getFloat32(at, le) },
  { name: '64-bit float', tag: FLOAT, bits: 64, read: (v, at, le) => v.getFloat64(at, le) },
  { name: 'A-law', tag: A_LAW, bits: 8, read: (v, at) => expandALaw(v.getUint8(at)) },
  { name: 'mu-law', tag: MU_LAW, bits: 8, read: (v, at) => expandMuLaw(v.getUint8(at)) },
];

/** Decodes all samples in `bytes`, whose length is a multiple of the format's sample size. */
export function decodeSamples(
  bytes: Uint8Array,
  format: SampleFormat,
  littleEndian: boolean,
): Float32Array {
  const sampleBytes = format.bits / 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(bytes.length / sampleBytes);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = format.read(view, i * sampleBytes, littleEndian);
  }
  return samples;
}
