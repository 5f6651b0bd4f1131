// Joins the final events of a stream into its transcript.

import type { FinalEvent, Transcript } from './types.js';

/** The transcript that `segments` add up to. */
export function toTranscript(
  segments: readonly FinalEvent[],
  durationSeconds: number,
  processingSeconds: number,
): Transcript {
  return {
    text: segments
      .map((segment) => segment.text.trim())
      .filter((text) => text !== '')
      .join(' '),
    words: segments.flatMap((segment) => segment.words),
    segments,
    durationSeconds,
    processingSeconds,
  };
}
