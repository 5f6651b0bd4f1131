// The public interface of parrotlet.
export type { AudioStream } from './audio/audio-stream.js';
export { type AudioSource, openAudio, type SampleSource } from './audio/open-audio.js';
export type { BackendAttempt } from './backend/choose.js';
export type { DefaultModelBits } from './default-model.js';
export { ERROR_CODES, type ErrorCode, ParrotletError } from './errors.js';
export type {
  EndReason,
  FinalEvent,
  PartialEvent,
  SpeechStartEvent,
  Transcript,
  TranscriptEvent,
  Word,
} from './events/types.js';
export { type LoadOptions, type LoadProgress, loadModel } from './load-model.js';
export { Model } from './model.js';
export type { ModelInfo } from './model-info.js';
export type { PcmEncoding, PcmInput } from './pcm.js';
export { type BackendInfo, backendInfo } from './runtime.js';
export { Session } from './session.js';
export type { SessionOptions } from './session-options.js';
export { type TranscribeOptions, type TranscribeProgress, transcribe } from './transcribe.js';
