// What the readers of compressed formats share: a decoder's lifetime, its faults, its layout.
import { ParrotletError } from '../errors.js';
import { CONVERT_HINT, interleave } from './audio-stream.js';
import { runQuietly } from './quiet-decoder.js';

/** One call's worth of decoded audio, as all three decoders give it. */
export interface Decoded {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly { readonly message: string }[];
}

/** What the stream's own header promised. */
export interface Promised {
  readonly kind: 'FLAC' | 'Ogg Opus' | 'MP3';
  readonly sampleRate: number;
  readonly channels: number;
}

/** Runs one decoder call and returns its samples interleaved; a fault is `AUDIO_MALFORMED`. */
export async function decodePiece(
  decode: () => Decoded | Promise<Decoded>,
  { kind, sampleRate, channels }: Promised,
): Promise<Float32Array> {
  let decoded: Decoded;
  try {
    decoded = await runQuietly(decode);
  } catch (cause) {
    throw damaged(kind, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const fault = decoded.errors[0];
  if (fault) throw damaged(kind, fault.message);
  if (decoded.samplesDecoded <= 0) return new Float32Array(0);
  if (decoded.sampleRate !== sampleRate || decoded.channelData.length < channels) {
    throw new ParrotletError(
      'AUDIO_UNSUPPORTED',
      `The ${kind} stream changes from ${channels} x ${sampleRate} Hz to ` +
        `${decoded.channelData.length} x ${decoded.sampleRate} Hz; one layout is read. ${CONVERT_HINT}`,
    );
  }
  return interleave(decoded.channelData.slice(0, channels), decoded.samplesDecoded);
}

/** `AUDIO_MALFORMED` for a stream that contradicts itself. */
export function damaged(kind: Promised['kind'], detail: string, cause?: unknown): ParrotletError {
  return new ParrotletError(
    'AUDIO_MALFORMED',
    `The ${kind} stream is damaged: ${detail}. Copy or encode the file again.`,
    cause === undefined ? undefined : { cause },
  );
}

/** `AUDIO_TRUNCATED` for a stream that ends early. */
export function cutOff(kind: Promised['kind'], detail: string): ParrotletError {
  return new ParrotletError(
    'AUDIO_TRUNCATED',
    `The ${kind} stream is cut off or has gaps: ${detail}. Was the file copied in full?`,
  );
}
