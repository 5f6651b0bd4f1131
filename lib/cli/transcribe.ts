// `parrotlet transcribe`: files in, text or JSON out.
import type { AudioStream } from '../audio/audio-stream.js';
import { openAudio } from '../audio/open-audio.js';
import type { Transcript } from '../events/types.js';
import { loadModel } from '../load-model.js';
import type { Model } from '../model.js';
import { transcribe } from '../transcribe.js';
import { reportFailure } from './failure.js';
import { formatJson, formatSpeed, formatText } from './formats.js';
import { createLiveOutput, overheard } from './live-output.js';
import { atSpeed } from './pacing.js';
import { createProgress } from './progress.js';
import { type Engine, loadOptions, type RecognitionFlags, sessionOptions } from './recognition.js';
import type { Terminal } from './terminal.js';

export interface TranscribeFlags extends RecognitionFlags {
  readonly live?: boolean;
  /** Times as fast as it was spoken; 0 does not wait. By default 1 for files with `live`, else 0. */
  readonly speed?: number;
}

// Shorter files are done before a bar could be read.
const LEAST_SECONDS_FOR_BAR = 10;

/** Transcribes every file it can; returns the exit code, 0 only if it could all of them. */
export async function transcribeFiles(
  files: readonly string[],
  flags: TranscribeFlags,
  terminal: Terminal,
  engine: Engine = { loadModel, transcribe },
): Promise<number> {
  const model = await engine.loadModel(flags.model, loadOptions(flags, terminal.signal));
  const total = { audio: 0, processing: 0, failed: 0 };
  try {
    for (const file of files) {
      try {
        if (flags.live && !flags.json && files.length > 1) terminal.stdout.write(`${file}:\n`);
        const transcript = await transcribeFile(file, flags, terminal, { engine, model });
        total.audio += transcript.durationSeconds;
        total.processing += transcript.processingSeconds;
        const name = files.length > 1 ? file : undefined;
        if (flags.live) continue;
        if (flags.json) terminal.stdout.write(formatJson(transcript, file));
        else terminal.stdout.write(formatText(transcript, name));
      } catch (error) {
        terminal.signal.throwIfAborted();
        total.failed++;
        reportFailure(terminal, error, file);
      }
    }
  } finally {
    model.close();
  }
  if (total.failed < files.length) {
    terminal.stderr.write(`${formatSpeed(total.audio, total.processing)}\n`);
  }
  return total.failed === 0 ? 0 : 1;
}

async function transcribeFile(
  file: string,
  flags: TranscribeFlags,
  { stdin, stdout, stderr, signal }: Terminal,
  { engine, model }: { readonly engine: Engine; readonly model: Model },
): Promise<Transcript> {
  const audio = await openAudio(file === '-' ? stdin : file);
  const live = flags.live ? createLiveOutput(flags, stdout, file) : undefined;
  const bar = createProgress(stderr, file, 's', live ? Infinity : LEAST_SECONDS_FOR_BAR);
  const chunks = paced(audio, flags, file, signal);
  try {
    const source = { ...audio, chunks: live ? overheard(audio, chunks, live) : chunks };
    return await engine.transcribe(model, source, {
      ...sessionOptions(flags),
      signal,
      partials: live !== undefined,
      ...(live && { onEvent: (event) => live.show(event) }),
      onProgress: ({ secondsDone, secondsTotal }) => bar.update(secondsDone, secondsTotal),
    });
  } finally {
    bar.stop();
    live?.clear();
    await audio.close();
  }
}

function paced(
  audio: AudioStream,
  flags: TranscribeFlags,
  file: string,
  signal: AbortSignal,
): AsyncIterable<Float32Array> {
  // What comes through a pipe has a pace of its own.
  const speed = flags.speed ?? (flags.live && file !== '-' ? 1 : 0);
  return speed === 0 ? audio.chunks : atSpeed(audio, speed, signal);
}
