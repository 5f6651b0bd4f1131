// The options that every command that recognizes speech has, and what they mean to a session.
import type { DefaultModelBits } from '../default-model.js';
import type { LoadOptions, loadModel } from '../load-model.js';
import type { TranscribeOptions, transcribe } from '../transcribe.js';

/** Which model, of the default one in how many bits. */
export interface ModelFlags {
  readonly bits?: DefaultModelBits;
}

export interface RecognitionFlags extends ModelFlags {
  readonly model: string;
  readonly json?: boolean;
  readonly chunk?: number | 'segment';
  readonly lookAhead?: number;
  readonly secondPass?: boolean;
  readonly beam?: number;
  readonly pauses: boolean;
  readonly maxSegment?: number;
}

/** The calls that do the work; tests put others in their place. */
export interface Engine {
  readonly loadModel: typeof loadModel;
  readonly transcribe: typeof transcribe;
}

export function loadOptions(flags: ModelFlags, signal: AbortSignal): LoadOptions {
  return { signal, ...(flags.bits !== undefined && { bits: flags.bits }) };
}

export function sessionOptions(flags: RecognitionFlags): TranscribeOptions {
  return {
    pauses: flags.pauses,
    words: flags.json === true,
    ...(flags.chunk !== undefined && { chunkMs: flags.chunk }),
    ...(flags.lookAhead !== undefined && { lookAheadMs: flags.lookAhead }),
    ...(flags.secondPass && { secondPass: true }),
    ...(flags.beam !== undefined && { beam: flags.beam }),
    ...(flags.maxSegment !== undefined && { maxSegmentSeconds: flags.maxSegment }),
  };
}
