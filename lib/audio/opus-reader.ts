// Reads Ogg Opus: pages here, packets through libopus compiled to WebAssembly.
import type { OggOpusDecoder } from 'ogg-opus-decoder';
import { ParrotletError } from '../errors.js';
import { type AudioStream, CONVERT_HINT, checkLayout } from './audio-stream.js';
import type { ByteReader } from './byte-reader.js';
import { damaged, decodePiece, type Promised } from './compressed.js';
import { type OggPage, readOggPages } from './ogg-pages.js';

// Opus always decodes to 48 kHz, whatever was encoded.
const SAMPLE_RATE = 48000;

interface OpusHead extends Promised {
  /** Factor that the encoder asks players to apply. */
  readonly gain: number;
  /** 48 kHz frames at the start that only prime the decoder, which drops them. */
  readonly preSkip: number;
}

/** Opens a stream that begins with "OggS". */
export async function openOpus(bytes: ByteReader): Promise<AudioStream> {
  const pages = readOggPages(bytes);
  const first = await pages.next();
  if (first.done) throw damaged('Ogg Opus', 'it holds no page');
  const head = parseHead(first.value);
  const { OggOpusDecoder } = await import('ogg-opus-decoder');
  return {
    sampleRate: SAMPLE_RATE,
    channels: head.channels,
    durationSeconds: undefined,
    chunks: readPackets(bytes, head, first.value, pages, () => new OggOpusDecoder()),
    close: () => bytes.close(),
  };
}

// "OpusHead", version, channels, pre-skip (2), input rate (4), gain (2, in 1/256 dB), mapping family.
function parseHead({ bytes, bodyStart }: OggPage): OpusHead {
  const body = bytes.subarray(bodyStart);
  if (Buffer.from(body.subarray(0, 8)).toString('latin1') !== 'OpusHead') {
    throw new ParrotletError(
      'AUDIO_UNSUPPORTED',
      `The Ogg file holds no Opus stream; of Ogg only Opus is read. ${CONVERT_HINT}`,
    );
  }
  if (body.length < 19) throw damaged('Ogg Opus', `its header has ${body.length} bytes, not 19`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  checkLayout(SAMPLE_RATE, body[9]!);
  if (body[18]! > 1) {
    throw new ParrotletError(
      'AUDIO_UNSUPPORTED',
      `The Opus stream arranges its channels by mapping family ${body[18]}; 0 and 1 are read. ${CONVERT_HINT}`,
    );
  }
  return {
    kind: 'Ogg Opus',
    sampleRate: SAMPLE_RATE,
    channels: body[9]!,
    preSkip: view.getUint16(10, true),
    gain: 10 ** (view.getInt16(16, true) / 256 / 20),
  };
}

async function* readPackets(
  bytes: ByteReader,
  firstHead: OpusHead,
  first: OggPage,
  rest: AsyncGenerator<OggPage>,
  createDecoder: () => OggOpusDecoder,
): AsyncGenerator<Float32Array> {
  const decoder = createDecoder();
  let head = firstHead;
  let frames = 0; // of this stream, at most what its last page allows
  let heard = false;
  try {
    await decoder.ready;
    for (let page: OggPage | undefined = first; page; page = (await rest.next()).value) {
      if (page.isFirst) {
        // A stream may follow another, but the caller was told one layout.
        head = parseHead(page);
        if (head.channels !== firstHead.channels) {
          throw damaged('Ogg Opus', 'its number of channels changes');
        }
        frames = 0;
      }
      const limit = page.isLast
        ? Math.max(0, page.granule - head.preSkip)
        : Number.POSITIVE_INFINITY;
      const { bytes: pageBytes, isLast } = page;
      const calls = [() => decoder.decode(pageBytes), ...(isLast ? [() => decoder.flush()] : [])];
      for (const call of calls) {
        const samples = await decodePiece(call, head);
        const wanted = samples.subarray(0, Math.max(0, limit - frames) * head.channels);
        frames += wanted.length / head.channels;
        if (wanted.length > 0) yield amplify(wanted, head.gain);
        heard ||= wanted.length > 0;
      }
    }
    if (!heard) throw damaged('Ogg Opus', 'it holds no audio');
  } finally {
    decoder.free();
    await bytes.close();
  }
}

function amplify(samples: Float32Array, gain: number): Float32Array {
  return gain === 1 ? samples : samples.map((sample) => sample * gain);
}
