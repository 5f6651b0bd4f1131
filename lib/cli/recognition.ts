// The options that every command that recognizes speech has, and what they mean to a session.
import type { loadModel } from '../load-model.js';
import type { TranscribeOptions, transcribe } from '../transcribe.js';

export interface RecognitionFlags {
  readonly model: string;
  readonly json?: boolean;
  readonly chunk?: number | 'segment';
  readonly beam?: number;
  readonly pauses: boolean;
  readonly maxSegment?: number;
}

/** The calls that do the work; tests put others in their place. */
export interface Engine {
  readonly loadModel: typeof loadModel;
  readonly transcribe: typeof transcribe;
}

export function sessionOptions(flags: RecognitionFlags): TranscribeOptions {
  return {
    pauses: flags.pauses,
    words: flags.json === true,
    ...(flags.chunk !== undefined && { chunkMs: flags.chunk }),
    ...(flags.beam !== undefined && { beam: flags.beam }),
    ...(flags.maxSegment !== undefined && { maxSegmentSeconds: flags.maxSegment }),
  };
}
