// Builds WAV files byte by byte, sound ones and broken ones.

export interface WavFields {
  readonly tag: number;
  readonly bits: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly data: Uint8Array;
  readonly form?: 'RIFF' | 'RIFX' | 'RF64';
  readonly extensible?: boolean;
  /** Sizes to claim in place of the true ones. */
  readonly riffBytes?: number;
  readonly dataBytes?: number;
  readonly frameBytes?: number;
  /** Chunks between "fmt " and "data". */
  readonly between?: readonly Uint8Array[];
}

const SUBFORMAT_TAIL = [0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113];

export function makeWav(fields: WavFields): Uint8Array {
  const { form = 'RIFF', data, between = [] } = fields;
  const littleEndian = form !== 'RIFX';
  const isLong = form === 'RF64';
  const ds64 = new DataView(new ArrayBuffer(28));
  ds64.setBigUint64(8, BigInt(data.length), true);

  const body = Buffer.concat([
    Buffer.from('WAVE'),
    ...(isLong ? [makeChunk('ds64', bytesOf(ds64))] : []),
    makeChunk('fmt ', formatChunk(fields, littleEndian), littleEndian),
    ...between,
    makeChunk('data', data, littleEndian, fields.dataBytes ?? (isLong ? 0xffffffff : data.length)),
  ]);
  const riffBytes = fields.riffBytes ?? (isLong ? 0xffffffff : body.length);
  return makeChunk(form, body, littleEndian, riffBytes);
}

/** A chunk, padded to an even length, that may claim another size than its own. */
export function makeChunk(
  id: string,
  body: Uint8Array,
  littleEndian = true,
  size = body.length,
): Uint8Array {
  const header = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 4; i++) header.setUint8(i, id.charCodeAt(i));
  header.setUint32(4, size, littleEndian);
  return Buffer.concat([bytesOf(header), body, new Uint8Array(body.length % 2)]);
}

function formatChunk(fields: WavFields, littleEndian: boolean): Uint8Array {
  const { tag, bits, sampleRate, channels, extensible = false } = fields;
  const frameBytes = fields.frameBytes ?? (channels * bits) / 8;
  const view = new DataView(new ArrayBuffer(extensible ? 40 : 16));
  view.setUint16(0, extensible ? 0xfffe : tag, littleEndian);
  view.setUint16(2, channels, littleEndian);
  view.setUint32(4, sampleRate, littleEndian);
  view.setUint32(8, sampleRate * frameBytes, littleEndian);
  view.setUint16(12, frameBytes, littleEndian);
  view.setUint16(14, bits, littleEndian);
  if (extensible) {
    view.setUint16(16, 22, littleEndian);
    view.setUint16(18, bits, littleEndian);
    view.setUint16(24, tag, littleEndian);
    SUBFORMAT_TAIL.forEach((byte, i) => {
      view.setUint8(26 + i, byte);
    });
  }
  return bytesOf(view);
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
