// Finds programs that record on the PATH, and makes captures of them.
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ParrotletError } from '../../errors.js';
import type { Capture } from './capture.js';
import { CAPTURE_PROGRAMS, type CaptureProgram } from './programs.js';
import { lastLine, record } from './record.js';

const LIST_MS = 5000;

/** Those of the known programs that are there, in the order of the list. */
export function findPrograms(): readonly Capture[] {
  return CAPTURE_PROGRAMS.flatMap((program) => {
    if (program.platforms && !program.platforms.includes(process.platform)) return [];
    const place = findOnPath(program.name);
    return place === undefined ? [] : [toCapture(program, place)];
  });
}

function toCapture(program: CaptureProgram, place: string): Capture {
  return {
    name: program.name,
    place,
    devices: () => listDevices(program),
    open: async (device) =>
      record(program.name, place, program.args(device), { env: program.env?.(device) ?? {} }),
  };
}

async function listDevices({ name, list }: CaptureProgram): Promise<readonly string[]> {
  const place = list && findOnPath(list.program);
  if (!place) {
    throw new ParrotletError(
      'INVALID_ARGUMENT',
      `${name} cannot list the microphones. Install decibri or arecord, or give --device a name ` +
        `that ${name} knows.`,
    );
  }
  // ffmpeg prints the list to stderr and calls it a failure.
  const { stdout = '', stderr = '' } = await promisify(execFile)(place, [...list.args], {
    timeout: LIST_MS,
  }).catch((error: { stdout?: string; stderr?: string }) => error);
  const devices = list.pick(stdout + stderr);
  if (devices.length > 0) return devices;
  const complaint = lastLine(stderr);
  throw new ParrotletError(
    'IO_ERROR',
    `${list.program} names no microphone${complaint && `: ${complaint.replace(/\.$/, '')}`}. ` +
      'Connect one, or choose other means by --capture.',
  );
}

function findOnPath(name: string): string | undefined {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, file))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
