// What a session says: words, partial and final events, and the transcript they add up to.

/** A word with its place in the audio. */
export interface Word {
  /** As it stands in the text, punctuation included. */
  readonly text: string;
  /** Seconds from the start of the audio. */
  readonly start: number;
  readonly end: number;
  /** Whether it will not change any more; always true in a final. */
  readonly stable: boolean;
}

interface EventFields {
  /** Counts segments from 0; a segment is what lies between two pauses. */
  readonly segment: number;
  /** Counts the versions of this segment's text from 0. */
  readonly revision: number;
  /** The segment's whole text so far, not an increment. */
  readonly text: string;
  /** The beginning of `text` that will not change any more; all of it in a final. */
  readonly stableText: string;
  /** Of the segment so far, in seconds from the start of the audio. */
  readonly start: number;
  readonly end: number;
  /** Empty when the session was made with `words: false`. */
  readonly words: readonly Word[];
  /** Seconds of audio that the engine had heard when it said this. */
  readonly audioProcessed: number;
}

/** What the segment in progress sounds like so far. A later event of the same segment replaces it. */
export interface PartialEvent extends EventFields {
  readonly type: 'partial';
}

/** The text of a segment that has ended. */
export interface FinalEvent extends EventFields {
  readonly type: 'final';
}

/** Something the recognizer has to say. Narrow it by `type`. */
export type TranscriptEvent = PartialEvent | FinalEvent;

/** All that was said in one stream. */
export interface Transcript {
  /** The segments' texts, joined by spaces. */
  readonly text: string;
  readonly words: readonly Word[];
  readonly segments: readonly FinalEvent[];
  /** Length of the audio. */
  readonly durationSeconds: number;
  /** Time the engine computed; divided by `durationSeconds` it is the real-time factor. */
  readonly processingSeconds: number;
}
