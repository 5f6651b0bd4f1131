// What a command may touch of the outside world; tests hand in their own.

/** Somewhere to write text; all but `write` as in `tty.WriteStream`. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** False where NO_COLOR or the kind of terminal forbids styles. */
  hasColors?(): boolean;
}

export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Fires when the user wants the command to end. */
  readonly signal: AbortSignal;
}

/**
 * Text that comes from a model or a file, made safe to show: control characters, which could drive
 * the terminal, become spaces.
 */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
