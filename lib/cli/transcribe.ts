// `parrotlet transcribe`: files in, text or JSON out.
import { openAudio } from '../audio/open-audio.js';
import type { Transcript } from '../events/types.js';
import { loadModel } from '../load-model.js';
import type { Model } from '../model.js';
import { transcribe } from '../transcribe.js';
import { reportFailure } from './failure.js';
import { formatJson, formatSpeed, formatText } from './formats.js';
import { LiveView } from './live-view.js';
import { modelSource } from './model-source.js';
import { atRealTime } from './pacing.js';
import { createProgress } from './progress.js';
import type { Terminal } from './terminal.js';

export interface TranscribeFlags {
  readonly model: string;
  readonly live?: boolean;
  readonly json?: boolean;
  readonly chunk?: number | 'segment';
  readonly beam?: number;
  readonly pauses: boolean;
  readonly maxSegment?: number;
  readonly realtime?: boolean;
}

/** The calls that do the work; tests put others in their place. */
export interface Engine {
  readonly loadModel: typeof loadModel;
  readonly transcribe: typeof transcribe;
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
  const model = await engine.loadModel(modelSource(flags.model), { signal: terminal.signal });
  const total = { audio: 0, processing: 0, failed: 0 };
  try {
    for (const file of files) {
      try {
        if (flags.live && files.length > 1) terminal.stdout.write(`${file}:\n`);
        const transcript = await transcribeFile(file, flags, terminal, { engine, model });
        total.audio += transcript.durationSeconds;
        total.processing += transcript.processingSeconds;
        const name = files.length > 1 ? file : undefined;
        if (flags.json) terminal.stdout.write(formatJson(transcript, file));
        else if (!flags.live) terminal.stdout.write(formatText(transcript, name));
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
  const view = flags.live ? new LiveView(stdout) : undefined;
  const bar = createProgress(stderr, file, 's', view ? Infinity : LEAST_SECONDS_FOR_BAR);
  try {
    const source = flags.realtime ? { ...audio, chunks: atRealTime(audio, signal) } : audio;
    return await engine.transcribe(model, source, {
      signal,
      partials: view !== undefined,
      pauses: flags.pauses,
      words: flags.json === true,
      ...(flags.chunk !== undefined && { chunkMs: flags.chunk }),
      ...(flags.beam !== undefined && { beam: flags.beam }),
      ...(flags.maxSegment !== undefined && { maxSegmentSeconds: flags.maxSegment }),
      ...(view && { onEvent: (event) => view.show(event) }),
      onProgress: ({ secondsDone, secondsTotal }) => bar.update(secondsDone, secondsTotal),
    });
  } finally {
    bar.stop();
    view?.clear();
    await audio.close();
  }
}
