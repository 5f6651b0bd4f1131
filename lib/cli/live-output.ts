// What a live command writes while it listens: a view for people, or events as JSON.
import type { TranscriptEvent } from '../events/types.js';
import { formatEvent } from './formats.js';
import { LiveView } from './live-view.js';
import type { Output } from './terminal.js';

export interface LiveOutput {
  show(event: TranscriptEvent): void;
  /** Told of all samples, the last of which is heard `seconds` after the start. */
  hear(samples: Float32Array, seconds: number): void;
  /** Takes away what is not final. */
  clear(): void;
}

/** `file` stands in every JSON object, if given. */
export function createLiveOutput(
  { json }: { readonly json?: boolean },
  out: Output,
  file?: string,
): LiveOutput {
  if (!json) return new LiveView(out);
  return {
    show: (event) => void out.write(formatEvent(event, file)),
    hear: () => {},
    clear: () => {},
  };
}

/** The same samples, shown to `output` as they pass. */
export async function* overheard(
  audio: { readonly sampleRate: number; readonly channels: number },
  chunks: AsyncIterable<Float32Array>,
  output: LiveOutput,
): AsyncGenerator<Float32Array> {
  let frames = 0;
  for await (const chunk of chunks) {
    frames += chunk.length / audio.channels;
    output.hear(chunk, frames / audio.sampleRate);
    yield chunk;
  }
}
