// What every way to record from a microphone offers.

/** Samples a second of every recording: 16-bit little-endian integers, one channel. */
export const CAPTURE_RATE = 16000;

/** A way to record that is there on this machine. */
export interface Capture {
  readonly name: string;
  /** The program's path, or the package with its version. */
  readonly place: string;
  /**
   * Names that `open` takes.
   *
   * @throws {ParrotletError} `INVALID_ARGUMENT` if it cannot list them; `IO_ERROR`.
   */
  devices(): Promise<readonly string[]>;
  /** Records from `device`, or from the default one, until it is stopped. */
  open(device: string | undefined): Promise<Recording>;
}

export interface Recording {
  /**
   * Samples of `CAPTURE_RATE`, in bytes that may be cut anywhere. Ends after `stop`; fails with
   * `IO_ERROR` where the recorder ends by itself or gives nothing.
   */
  readonly bytes: AsyncIterable<Uint8Array>;
  stop(): void;
}
