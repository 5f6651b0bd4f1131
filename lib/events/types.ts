// What a session says: words, partial and final events, and the transcript they add up to.

/** A word with its place in the audio. */
export interface Word {
  /** As it stands in the text, punctuation included. */
  readonly text: string;
  /** Seconds from the start of the audio. */
  readonly start: number;
  readonly end: number;
  /** Whether it will not change any more, but by a second pass; always true in a final. */
  readonly stable: boolean;
  /**
   * How probable it is that the word is right, 0 to 1, as calibrated for the model (docs/confidence.md);
   * a stable word keeps it.
   */
  readonly confidence: number;
}

interface EventFields {
  /** Counts from 0 the segments of which something was said; a segment lies between two pauses. */
  readonly segment: number;
  /** Counts the versions of this segment's text from 0. */
  readonly revision: number;
  /** The segment's whole text so far, not an increment. */
  readonly text: string;
  /**
   * The beginning of `text` that will not change any more, but by a second pass
   * (`SessionOptions.secondPass`); all of it in a final.
   */
  readonly stableText: string;
  /** Of the segment so far, in seconds from the start of the audio. */
  readonly start: number;
  readonly end: number;
  /** Of the whole text. */
  readonly words: readonly Word[];
  /** Seconds of audio that the engine had heard when it said this. */
  readonly audioProcessed: number;
}

/** What the segment in progress sounds like so far. A later event of the same segment replaces it. */
export interface PartialEvent extends EventFields {
  readonly type: 'partial';
}

/**
 * Why a segment ended: a pause; its longest length; `endSegment()`; the end of the audio.
 */
export type EndReason = 'pause' | 'length' | 'forced' | 'end';

/** The text of a segment that has ended. */
export interface FinalEvent extends EventFields {
  readonly type: 'final';
  readonly reason: EndReason;
}

/**
 * Somebody, or something, is heard: a segment began at `start`. Its text is empty; what it says
 * follows, or nothing if it was no speech after all, and then the next segment has its number. Not
 * where the option `pauses` is false.
 */
export interface SpeechStartEvent extends EventFields {
  readonly type: 'speech-start';
}

/** Something the recognizer has to say. Narrow it by `type`. */
export type TranscriptEvent = SpeechStartEvent | PartialEvent | FinalEvent;

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
