#!/usr/bin/env node
// The executable: connects the command line to this process.
import { addAbortSignal } from 'node:stream';
import { runCommandLine } from './program.js';
import type { Output } from './terminal.js';

const interruption = new AbortController();
// The first Ctrl-C, or wish of the system, asks the command to end, so that it leaves no half-made file; a
// second one finds no handler and kills.
for (const wish of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(wish, () => interruption.abort());
}

// The reader of a pipe may leave early, as `head` does; that is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

runCommandLine(process.argv.slice(2), {
  // Touched only by a command that reads it. An interruption ends a read that waits for input.
  stdin: {
    [Symbol.asyncIterator]: () =>
      addAbortSignal(interruption.signal, process.stdin)[Symbol.asyncIterator](),
  },
  stdout: drawable(process.stdout),
  stderr: drawable(process.stderr),
  signal: interruption.signal,
}).then((exitCode) => {
  process.exitCode = exitCode;
});

/** A terminal that cannot move its cursor is as good as a file. */
function drawable(stream: NodeJS.WriteStream): Output {
  return process.env.TERM === 'dumb' ? { write: (text) => stream.write(text) } : stream;
}
