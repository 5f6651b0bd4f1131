// Which of the ways to record is used: the first of the list that this machine has.
import { ParrotletError } from '../../errors.js';
import type { Capture } from './capture.js';
import { findDecibri } from './decibri.js';
import { findPrograms } from './find-programs.js';

/** Every way to record on this machine, the preferred one first. */
export async function findCaptures(): Promise<readonly Capture[]> {
  const decibri = await findDecibri();
  return [...(decibri ? [decibri] : []), ...findPrograms()];
}

export const INSTALL_HINT =
  'Install one: anywhere `npm install decibri` beside parrotlet; on Linux arecord (package ' +
  'alsa-utils) or parec (pulseaudio-utils); on macOS `brew install sox`; on Windows ffmpeg ' +
  '(`winget install ffmpeg`).';

/**
 * The first way to record, or the one called `name`.
 *
 * @throws {ParrotletError} `IO_ERROR` with what to install, if there is none.
 */
export async function chooseCapture(name: string | undefined): Promise<Capture> {
  const captures = await findCaptures();
  const chosen = captures.find((capture) => name === undefined || capture.name === name);
  if (chosen) return chosen;
  const found = captures.map((capture) => capture.name).join(', ');
  throw new ParrotletError(
    'IO_ERROR',
    captures.length === 0
      ? `There is nothing on this machine that records from a microphone. ${INSTALL_HINT}`
      : `Expected --capture to name one of ${found}, but received ${JSON.stringify(name)}.`,
  );
}
