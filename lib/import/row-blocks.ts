// Hands out a matrix in blocks of rows, so that long work on it can be watched and stopped.
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';

// Weights between two looks at the signal: some milliseconds of rounding, up to a few tenths of a second
// of error feedback.
const BLOCK_WEIGHTS = 1 << 14;

/**
 * Whole rows of `depth` values each, in order, with the number of their first. After each block the
 * signal and other work of the process get their turn.
 *
 * @throws ParrotletError `ABORTED`.
 */
export async function* rowBlocks(
  values: Float32Array,
  depth: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly row: number; readonly block: Float32Array }> {
  const rows = values.length / depth;
  const step = Math.max(1, Math.floor(BLOCK_WEIGHTS / depth));
  for (let row = 0; row < rows; row += step) {
    yield { row, block: values.subarray(row * depth, Math.min(rows, row + step) * depth) };
    await setImmediate();
    throwIfAborted(signal);
  }
}
