// `parrotlet listen`: a microphone in, text or JSON out while it is spoken.
import { loadModel } from '../load-model.js';
import { PcmReader } from '../pcm.js';
import { transcribe } from '../transcribe.js';
import { CAPTURE_RATE, type Capture, type Recording } from './capture/capture.js';
import { chooseCapture } from './capture/choose.js';
import { formatSpeed } from './formats.js';
import { createLiveOutput, overheard } from './live-output.js';
import { type Engine, loadOptions, type RecognitionFlags, sessionOptions } from './recognition.js';
import { printable, type Terminal } from './terminal.js';

export interface ListenFlags extends RecognitionFlags {
  readonly device?: string;
  readonly listDevices?: boolean;
  readonly capture?: string;
  /** Length of what is recorded; without end if not given. */
  readonly seconds?: number;
}

/**
 * Recognizes what is said until the terminal's signal fires, which is no failure here, or the time is
 * up; returns the exit code.
 *
 * @throws {ParrotletError} `IO_ERROR` if the recorder fails, after the text of what it recorded.
 */
export async function listen(
  flags: ListenFlags,
  terminal: Terminal,
  engine: Engine = { loadModel, transcribe },
  choose: (name: string | undefined) => Promise<Capture> = chooseCapture,
): Promise<number> {
  const capture = await choose(flags.capture);
  if (flags.listDevices) return listDevices(capture, flags, terminal);
  const { signal, stdout, stderr } = terminal;
  const model = await engine.loadModel(flags.model, loadOptions(flags, signal));
  const output = createLiveOutput(flags, stdout);
  const format = { sampleRate: CAPTURE_RATE, channels: 1 };
  let recording: Recording | undefined;
  try {
    recording = await capture.open(flags.device);
    const samples = new Samples(recording, flags.seconds);
    if (signal.aborted) recording.stop();
    signal.addEventListener('abort', recording.stop, { once: true });
    stderr.write(`Listening with ${capture.name}; Ctrl-C ends.\n`);
    const { durationSeconds, processingSeconds } = await engine.transcribe(
      model,
      { ...format, chunks: overheard(format, samples.read(), output) },
      { ...sessionOptions(flags), partials: true, onEvent: (event) => output.show(event) },
    );
    output.clear();
    if (durationSeconds > 0) {
      stderr.write(`${formatSpeed(durationSeconds, processingSeconds)}\n`);
    }
    samples.throwIfFailed();
    return 0;
  } finally {
    recording?.stop();
    output.clear();
    model.close();
  }
}

/** A recording as floats. Its failure ends it, so that what was said before is still recognized. */
class Samples {
  readonly #recording: Recording;
  #left: number;
  #failure: unknown;

  constructor(recording: Recording, seconds = Infinity) {
    this.#recording = recording;
    this.#left = Math.round(seconds * CAPTURE_RATE);
  }

  async *read(): AsyncGenerator<Float32Array> {
    const pcm = new PcmReader('s16le', 1);
    try {
      for await (const bytes of this.#recording.bytes) {
        const piece = pcm.read(bytes).subarray(0, this.#left);
        this.#left -= piece.length;
        yield piece;
        if (this.#left <= 0) return;
      }
    } catch (error) {
      this.#failure = error;
    }
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

async function listDevices(
  capture: Capture,
  flags: ListenFlags,
  { stdout }: Terminal,
): Promise<number> {
  const devices = await capture.devices();
  const lines = devices.map((device) => `${printable(device)}\n`).join('');
  stdout.write(flags.json ? `${JSON.stringify(devices)}\n` : lines);
  return 0;
}
