// What every audio reader gives, and the bounds that the engine sets.
import { ParrotletError } from '../errors.js';

/** Decoded audio in pieces, with what is known of it before the first piece. */
export interface AudioStream {
  /** Hz, 8000 to 48000. */
  readonly sampleRate: number;
  /** 1 to 8. */
  readonly channels: number;
  /** Seconds, or undefined where only reading to the end tells. */
  readonly durationSeconds: number | undefined;
  /**
   * Interleaved samples, in [-1, 1] unless the file says otherwise; every piece holds whole frames.
   * To be iterated once. Fails with `AUDIO_TRUNCATED`, `AUDIO_MALFORMED` or `IO_ERROR` after the
   * samples that came before the fault.
   */
  readonly chunks: AsyncIterable<Float32Array>;
  /** Lets go of the file. Only needed where `chunks` is not iterated to its end. */
  close(): Promise<void>;
}

/** What to do about audio that is not read. */
export const CONVERT_HINT =
  'Convert it first, for example with: ffmpeg -i INPUT -ar 16000 -ac 1 OUTPUT.wav';

/** Throws `AUDIO_UNSUPPORTED` where the engine would refuse the rate or the number of channels. */
export function checkLayout(sampleRate: number, channels: number): void {
  if (!(sampleRate >= 8000 && sampleRate <= 48000)) {
    throw new ParrotletError(
      'AUDIO_UNSUPPORTED',
      `The sample rate is ${sampleRate} Hz; 8000 to 48000 Hz are read. ${CONVERT_HINT}`,
    );
  }
  if (!(Number.isInteger(channels) && channels >= 1 && channels <= 8)) {
    throw new ParrotletError(
      'AUDIO_UNSUPPORTED',
      `The audio has ${channels} channels; 1 to 8 are read. ${CONVERT_HINT}`,
    );
  }
}

/** One array per channel, all of `frames` samples or more, as one interleaved array. */
export function interleave(channelData: readonly Float32Array[], frames: number): Float32Array {
  const channels = channelData.length;
  const samples = new Float32Array(frames * channels);
  for (let channel = 0; channel < channels; channel++) {
    const source = channelData[channel]!;
    for (let frame = 0; frame < frames; frame++) {
      samples[frame * channels + channel] = source[frame]!;
    }
  }
  return samples;
}
