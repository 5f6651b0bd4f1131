// Programs that behave like recorders, to be put on the PATH in place of a real one.
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PRELUDE = `#!${process.execPath}
const fs = require('node:fs');
`;

/** What a recorder may do; `%FILE%` is the WAV file whose samples it gives. */
export const RECORDERS = {
  /** Gives all samples at once, then silence without end, as a quiet room does. */
  speaks: `
    fs.writeSync(1, fs.readFileSync('%FILE%').subarray(44));
    setInterval(() => process.stdout.write(Buffer.alloc(3200)), 100);`,
  /** Has no device. */
  fails: `
    fs.writeSync(2, 'ALSA lib pcm.c: Unknown PCM\\narecord: main:830: audio open error: No such file\\n');
    process.exit(1);`,
  /** Loses its device after all samples. */
  breaks: `
    fs.writeSync(1, fs.readFileSync('%FILE%').subarray(44));
    fs.writeSync(2, 'arecord: pcm_read:2145: read error: No such device\\n');
    process.exit(1);`,
  /** Gives nothing and does not want to end. */
  hangs: `
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {});
    fs.writeFileSync(__filename + '.pid', String(process.pid));
    setInterval(() => {}, 1000);`,
  /** Writes its arguments as if they were audio, or names of devices. */
  echoes: `
    fs.writeSync(1, process.argv.slice(2).join('\\n') + '\\n    what it is\\n');`,
} as const;

/** Writes a program into `folder` and returns its path. */
export function writeRecorder(
  folder: string,
  name: string,
  kind: keyof typeof RECORDERS,
  wav = '',
): string {
  const file = path.join(folder, name);
  writeFileSync(file, PRELUDE + RECORDERS[kind].replace('%FILE%', wav));
  chmodSync(file, 0o755);
  return file;
}

/** Whether a process still runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
