// Shows speech as it is recognized: on a terminal the words that may still change are dim and are
// drawn over; anywhere else only finished segments are written, a line each.
import type { TranscriptEvent } from '../events/types.js';
import { type Output, printable } from './terminal.js';

const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';
const ERASE_BELOW = '\x1b[J';

export class LiveView {
  readonly #out: Output;
  /** Lines above the cursor's that the text on screen takes. */
  #linesUp = 0;

  constructor(out: Output) {
    this.#out = out;
  }

  show(event: TranscriptEvent): void {
    if (event.type === 'final') {
      this.#out.write(`${this.#back()}${printable(event.text)}\n`);
      this.#linesUp = 0;
    } else if (this.#out.isTTY) {
      this.#draw(printable(event.stableText), printable(event.text));
    }
  }

  /** Takes away what is not final, for example before an error is written. */
  clear(): void {
    const back = this.#back();
    if (back) this.#out.write(back);
    this.#linesUp = 0;
  }

  #draw(stable: string, text: string): void {
    // A terminal that does not know its size says 0.
    const columns = this.#out.columns || 80;
    const rows = this.#out.rows || 24;
    // What has scrolled off the top cannot be drawn over, so only the end of a long text is drawn.
    const hidden = Math.max(0, text.length - columns * Math.max(1, rows - 1));
    const shown = text.slice(hidden);
    const plain = shown.slice(0, Math.max(0, stable.length - hidden));
    const back = this.#back();
    this.#out.write(`${back}${plain}${DIM}${shown.slice(plain.length)}${PLAIN}`);
    this.#linesUp = Math.max(0, Math.ceil(shown.length / columns) - 1);
  }

  /** Moves to where the text on screen began, and erases it. */
  #back(): string {
    if (!this.#out.isTTY) return '';
    return `\r${this.#linesUp > 0 ? `\x1b[${this.#linesUp}A` : ''}${ERASE_BELOW}`;
  }
}
