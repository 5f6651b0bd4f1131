// Shows speech as it is recognized: on a terminal the words that may still change are dim, a level
// meter stands below them, and both are drawn over; anywhere else only finished segments are
// written, a line each.
import stringWidth from 'string-width';
import type { TranscriptEvent } from '../events/types.js';
import { formatClock, formatStatus, measureLevel } from './level.js';
import { type Output, printable } from './terminal.js';

const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';
const ERASE_BELOW = '\x1b[J';
/** The meter moves no oftener; in ms. */
const METER_INTERVAL = 100;

const graphemes = new Intl.Segmenter();

export class LiveView {
  readonly #out: Output;
  readonly #now: () => number;
  /** The segment in progress: what is settled of its line, and what is not. */
  #settled = '';
  #unsettled = '';
  #status = '';
  #metered = -Infinity;
  /** What stands on the screen below the finished segments, one string a line. */
  #drawn: readonly string[] = [];

  constructor(out: Output, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  show(event: TranscriptEvent): void {
    const text = printable(event.text);
    const times = `[${formatClock(event.start)}-${formatClock(event.end)}] `;
    if (event.type === 'final') {
      this.#settled = '';
      this.#unsettled = '';
      this.#draw(`${times}${text}\n`);
    } else if (this.#out.isTTY) {
      const stable = event.stableText.length;
      this.#settled = text === '' ? '' : times + text.slice(0, stable);
      this.#unsettled = this.#mark(text.slice(stable));
      this.#draw();
    }
  }

  /** Shows how loud `samples` are, the last of which was heard `seconds` after the start. */
  hear(samples: Float32Array, seconds: number): void {
    if (!this.#out.isTTY || this.#now() - this.#metered < METER_INTERVAL) return;
    this.#metered = this.#now();
    this.#status = formatStatus(seconds, measureLevel(samples), this.#columns);
    this.#draw();
  }

  /** Takes away what is not final, for example before an error is written. */
  clear(): void {
    this.#settled = '';
    this.#unsettled = '';
    this.#status = '';
    if (this.#drawn.length > 0) this.#draw();
  }

  /** Replaces what was drawn by `finished` and, on a terminal, what is in progress. */
  #draw(finished = ''): void {
    if (!this.#out.isTTY) {
      this.#out.write(finished);
      return;
    }
    const back = this.#back();
    const status = this.#status === '' ? [] : [this.#status];
    const line = this.#settled + this.#unsettled;
    const hidden = this.#hiddenStart(line, status.length);
    const settled = this.#settled.slice(hidden);
    const unsettled = line.slice(Math.max(hidden, this.#settled.length));
    this.#drawn = [...(line === '' ? [] : [settled + unsettled]), ...status];
    const dim = unsettled !== '' && this.#isStyled ? `${DIM}${unsettled}${PLAIN}` : unsettled;
    const lines = [...(line === '' ? [] : [settled + dim]), ...status];
    this.#out.write(back + finished + lines.join('\n'));
  }

  /** Where words cannot be dim, they stand in brackets. */
  #mark(words: string): string {
    return this.#isStyled ? words : words.replace(/^(\s*)(.+)$/, '$1($2)');
  }

  get #isStyled(): boolean {
    return this.#out.hasColors?.() ?? true;
  }

  /** What has scrolled off the top cannot be drawn over, so only the end of a long text is drawn. */
  #hiddenStart(line: string, statusRows: number): number {
    const starts = rowStarts(line, this.#columns);
    const room = Math.max(1, (this.#out.rows || 24) - 1 - statusRows);
    return starts[Math.max(0, starts.length - room)]!;
  }

  /** Moves to where the drawn lines began, in the terminal's present width, and erases them. */
  #back(): string {
    const rows = this.#drawn.map((line) => rowStarts(line, this.#columns).length);
    const up = rows.reduce((sum, count) => sum + count, 0) - 1;
    return `\r${up > 0 ? `\x1b[${up}A` : ''}${ERASE_BELOW}`;
  }

  /** A terminal that does not know its size says 0. */
  get #columns(): number {
    return this.#out.columns || 80;
  }
}

/** Where each row begins in `text` when a terminal of `columns` cells breaks it. */
function rowStarts(text: string, columns: number): number[] {
  const starts = [0];
  let column = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    const width = stringWidth(segment);
    if (column > 0 && column + width > columns) {
      starts.push(index);
      column = 0;
    }
    column += width;
  }
  return starts;
}
