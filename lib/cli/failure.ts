// How a failed command or file is told on stderr.
import { ParrotletError } from '../errors.js';
import { printable, type Terminal } from './terminal.js';

/** Writes what went wrong, with its code; a defect of this package comes with its stack. */
export function reportFailure(terminal: Terminal, error: unknown, subject?: string): void {
  const prefix = subject === undefined ? 'parrotlet' : `parrotlet: ${subject}`;
  terminal.stderr.write(`${prefix}: ${explain(error)}\n`);
}

function explain(error: unknown): string {
  if (ParrotletError.is(error)) return `${printable(error.message)} (${error.code})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
