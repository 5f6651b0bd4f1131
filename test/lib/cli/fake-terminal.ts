// A terminal that remembers what was written to it.
import { Readable } from 'node:stream';
import type { Terminal } from '../../../lib/cli/terminal.js';

export interface FakeTerminal extends Terminal {
  readonly out: () => string;
  readonly err: () => string;
  readonly interrupt: () => void;
}

export interface FakeTerminalOptions {
  readonly stdin?: Uint8Array;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function fakeTerminal(options: FakeTerminalOptions = {}): FakeTerminal {
  const { stdin = new Uint8Array(0), isTTY = false, columns = 100 } = options;
  const out: string[] = [];
  const err: string[] = [];
  const interruption = new AbortController();
  return {
    stdin: Readable.from([stdin]),
    stdout: { write: (text) => out.push(text), isTTY, columns, rows: 24 },
    stderr: { write: (text) => err.push(text), isTTY: false, columns },
    signal: interruption.signal,
    out: () => out.join(''),
    err: () => err.join(''),
    interrupt: () => interruption.abort(),
  };
}
