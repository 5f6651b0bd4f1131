// Runs a program that records and writes samples to its standard output.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { ParrotletError } from '../../errors.js';
import { printable } from '../terminal.js';
import type { Recording } from './capture.js';
import { readPieces } from './read-pieces.js';

/** Time that a program has to end by itself when it is stopped. */
const GRACE_MS = 500;
/** Of what a program writes to stderr, this much is kept; only the last line is shown. */
const STDERR_CHARACTERS = 1000;

export interface RecordOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Silence of the program, in ms, after which it counts as hung. */
  readonly stallMs?: number;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Starts `program`, called `name` in messages. */
export function record(
  name: string,
  program: string,
  args: readonly string[],
  options: RecordOptions = {},
): Recording {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    // In a process group of its own: the Ctrl-C of a terminal is for us, who then stop it.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const ended = waitForEnd(child);
  let isStopped = false;
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    terminate(child, ended);
  };
  async function* read(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    let wasStopped = false;
    const note = () => {
      wasStopped = isStopped;
      stop();
    };
    try {
      for await (const piece of readPieces(name, child.stdout, note, options.stallMs)) {
        bytes += piece.length;
        yield piece;
      }
    } catch (error) {
      if (ParrotletError.is(error)) throw error;
      // The pipe broke with the program, which is the better one to say why.
    }
    if (!wasStopped) throw failure(name, await ended, bytes);
  }
  return { bytes: read(), stop };
}

/** The last line of `text` that says something, safe to show; empty if there is none. */
export function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return printable(lines.at(-1)?.trim() ?? '');
}

/** Settles when the program has ended, with what is to be said of it. */
function waitForEnd(child: Child): Promise<string> {
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      resolve(lastLine(stderr) || `it ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** Asks the program and its children to end, and makes them where they do not. */
function terminate(child: Child, ended: Promise<string>): void {
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => {
    signalGroup(child, 'SIGKILL');
    child.stdout.destroy();
    child.stderr.destroy();
  }, GRACE_MS);
  void ended.then(() => clearTimeout(timer));
}

function signalGroup(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

function failure(name: string, complaint: string, bytes: number): ParrotletError {
  const when = bytes > 0 ? 'stopped recording' : 'cannot record';
  return new ParrotletError(
    'IO_ERROR',
    `${name} ${when}: ${complaint.replace(/\.$/, '')}. Check the microphone, or choose another ` +
      'one by --device.',
  );
}
