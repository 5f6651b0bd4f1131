// All that the facade asks of the engine. One implementation per way of running it.
import type { TranscriptEvent } from '../events/types.js';

/** A build of the engine that has been loaded. Its methods reject with ParrotletError. */
export interface Backend {
  readonly name: string;
  /** The file it was loaded from. */
  readonly path: string;
  /** The JSON of `pl_runtime_info`. */
  runtimeInfo(): string;
  /** Reads a model; `maxBytes` 0 means the engine's own limit of 1 GiB. */
  loadModelFile(path: string, maxBytes: number): Promise<BackendModel>;
  /** Reads a model from memory; the bytes are copied before this returns. */
  loadModelBytes(bytes: Uint8Array): Promise<BackendModel>;
}

/** Weights, shared by the sessions opened on them; those stay valid after `close()`. */
export interface BackendModel {
  /** The JSON of `pl_model_describe`. */
  describe(): string;
  openSession(options: BackendSessionOptions): BackendSession;
  close(): void;
}

/** The fields of `pl_session_options`, where each means the same; 0 asks for the default, -1 for 0. */
export interface BackendSessionOptions {
  readonly sampleRate: number;
  readonly channels: number;
  readonly chunkFrames: number;
  readonly lookAheadFrames: number;
  readonly noPartials: boolean;
  readonly noPauses: boolean;
  readonly pauseSeconds: number;
  readonly leastPauseSeconds: number;
  readonly minSpeechSeconds: number;
  readonly maxSegmentSeconds: number;
  readonly minConfidence: number;
  readonly beam: number;
  readonly keepLoops: boolean;
  readonly noWords: boolean;
  readonly secondPass: boolean;
}

/** What one call into a session brought. */
export interface StepResult {
  readonly events: readonly TranscriptEvent[];
  /** Whether the end of the segment or the input has been reached; false after a write. */
  readonly done: boolean;
  /** Time the engine computed. */
  readonly seconds: number;
}

/** One stream. The facade never makes a call before the one before it has settled. */
export interface BackendSession {
  /** The JSON of `pl_session_describe`. */
  describe(): string;
  /** Feeds interleaved samples in [-1, 1]; they are copied before this returns. */
  write(samples: Float32Array): Promise<StepResult>;
  /** Ends the segment in progress; to be called until `done`. */
  endSegment(): Promise<StepResult>;
  /** Works on what is left after the last write; to be called until `done`. */
  finish(): Promise<StepResult>;
  reset(): Promise<void>;
  /** A copy of the encoder's output for the current segment, `[frames][dim]`. */
  memory(): { readonly values: Float32Array; readonly frames: number; readonly dim: number };
  /**
   * From now on sums up what goes into the model's float32 matrices, from zero; a reset keeps the
   * sums. Slow, and only for quantizing the model. Throws `INVALID_ARGUMENT` where no matrix is
   * float32.
   */
  observe(): void;
  /**
   * A copy of the sum of x x^T over the rows x that matrix `name` was multiplied with, symmetric,
   * `[inputs][inputs]`. Throws `INVALID_ARGUMENT` for a matrix that is not observed.
   */
  moments(name: string): {
    readonly values: Float32Array;
    readonly inputs: number;
    readonly rows: number;
  };
  /** Frees the session; a call in progress ends first. Calling it again does nothing. */
  close(): void;
}
