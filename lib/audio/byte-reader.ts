// Takes bytes off a stream in the amounts that a parser asks for, holding no more than it must.
import { expectArgument } from '../errors.js';

/** Reads a stream of bytes once, front to back. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** Bytes taken or skipped so far. */
  get offset(): number {
    return this.#offset;
  }

  /** The next `count` bytes without taking them; fewer only at the end. Valid until the next call. */
  async peek(count: number): Promise<Uint8Array> {
    await this.#hold(count);
    return this.#held.subarray(0, count);
  }

  /** Takes `count` bytes; fewer only at the end. */
  async take(count: number): Promise<Uint8Array> {
    await this.#hold(count);
    return this.#release(count);
  }

  /**
   * Takes what is at hand: a multiple of `unit` bytes, at most `max`. It waits for no more than one
   * unit, so that live input is handed on as it comes. Less than a unit, or nothing, is the end.
   */
  async takeSome(max: number, unit = 1): Promise<Uint8Array> {
    await this.#hold(unit);
    const count = Math.min(max, this.#held.length);
    return this.#release(count < unit ? count : count - (count % unit));
  }

  /** Passes over `count` bytes and returns how many there were. */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count) {
      const piece = await this.takeSome(count - skipped);
      if (piece.length === 0) break;
      skipped += piece.length;
    }
    return skipped;
  }

  /** Ends the stream; nothing may be read after it. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#pieces.return?.();
  }

  async #hold(count: number): Promise<void> {
    if (this.#held.length >= count) return;
    const parts = [this.#held];
    let total = this.#held.length;
    while (total < count && !this.#ended) {
      const { value, done } = await this.#pieces.next();
      if (done) {
        this.#ended = true;
      } else {
        expectArgument(value instanceof Uint8Array, 'source', 'a stream of bytes', value);
        parts.push(value);
        total += value.length;
      }
    }
    if (parts.length > 1)
      this.#held = parts.length === 2 && parts[0]!.length === 0 ? parts[1]! : concat(parts, total);
  }

  #release(count: number): Uint8Array {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(taken.length);
    this.#offset += taken.length;
    return taken;
  }
}

function concat(parts: readonly Uint8Array[], total: number): Uint8Array {
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
