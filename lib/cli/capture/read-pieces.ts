// Reads what a recorder gives, and notices when it gives nothing.
import { ParrotletError } from '../../errors.js';

/** A microphone gives audio all the time; Bluetooth and a question to the user take seconds. */
const STALL_MS = 10_000;

/**
 * The pieces of `stream`. Calls `stop` at their end, when the reader leaves, and when nothing came
 * for `stallMs`.
 *
 * @throws {ParrotletError} `IO_ERROR` when nothing came.
 */
export async function* readPieces(
  name: string,
  stream: AsyncIterable<Uint8Array>,
  stop: () => void,
  stallMs: number = STALL_MS,
): AsyncGenerator<Uint8Array> {
  let stalled = false;
  const watch = () =>
    setTimeout(() => {
      stalled = true;
      stop();
    }, stallMs);
  let timer = watch();
  try {
    for await (const piece of stream) {
      clearTimeout(timer);
      yield piece;
      timer = watch();
    }
  } catch (error) {
    // Stopping may break the stream.
    if (!stalled) throw error;
  } finally {
    clearTimeout(timer);
    stop();
  }
  if (stalled) {
    throw new ParrotletError(
      'IO_ERROR',
      `Expected audio from ${name}, but none came for ${stallMs / 1000} s. Another program may ` +
        'hold the microphone, or the system may not allow its use; another one is chosen by --device.',
    );
  }
}
