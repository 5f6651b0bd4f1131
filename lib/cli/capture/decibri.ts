// Records with the package decibri, where it is installed beside this one.
import type { Readable } from 'node:stream';
import { ParrotletError } from '../../errors.js';
import { CAPTURE_RATE, type Capture, type Recording } from './capture.js';
import { readPieces } from './read-pieces.js';

/** What is used of decibri 5. */
export interface Decibri {
  readonly Microphone: {
    open(options: object): Promise<Readable & { stop(): void }>;
    devices(): readonly { readonly name: string }[];
  };
  version(): { readonly binding: string };
}

/** An optional peer: the compiler must not look for it. */
const PACKAGE: string = 'decibri';

/** The capture, or undefined where the package is missing or does not load. */
export async function findDecibri(
  load: () => Promise<Decibri> = () => import(PACKAGE),
): Promise<Capture | undefined> {
  try {
    const { Microphone, version } = await load();
    return {
      name: PACKAGE,
      place: `npm package ${PACKAGE} ${version().binding}`,
      devices: async () => translated(() => Microphone.devices().map(({ name }) => name)),
      open: (device) => openMicrophone(Microphone, device),
    };
  } catch {
    return undefined;
  }
}

async function openMicrophone(
  microphones: Decibri['Microphone'],
  device: string | undefined,
): Promise<Recording> {
  const microphone = await translated(() =>
    microphones.open({ sampleRate: CAPTURE_RATE, channels: 1, ...(device && { device }) }),
  );
  let isStopped = false;
  const stop = () => {
    if (!isStopped) microphone.stop();
    isStopped = true;
  };
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      yield* readPieces(PACKAGE, microphone, stop);
    } catch (error) {
      throw translate(error);
    }
  }
  return { bytes: read(), stop };
}

async function translated<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): ParrotletError {
  if (ParrotletError.is(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ParrotletError(
    'IO_ERROR',
    `${PACKAGE} cannot record: ${reason.replace(/\.$/, '')}. Check the microphone, or choose ` +
      'another one by --device.',
    { cause: error },
  );
}
