// The live view against a small model of a terminal: what stands on the screen, and what is dim.
import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { formatStatus } from '../../../lib/cli/level.js';
import { LiveView } from '../../../lib/cli/live-view.js';
import { fakeEvent } from '../fake-backend.js';

// A control sequence with its number, a control character, or text.
const TOKEN = /\p{Cc}\[(\d*)[A-Za-z]|\p{Cc}|\P{Cc}+/gsu;

const graphemes = new Intl.Segmenter();

/** Lines of cells; a full line leaves the cursor on it until the next letter, as terminals do. */
class Screen {
  readonly isTTY = true;
  styled = true;
  #lines: { letter: string; dim: boolean }[][] = [[]];
  #row = 0;
  #column = 0;
  #dim = false;

  constructor(
    readonly columns: number,
    readonly rows = 24,
  ) {}

  hasColors(): boolean {
    return this.styled;
  }

  write(text: string): void {
    for (const [token, count] of text.matchAll(TOKEN)) {
      if (token === '\r') this.#column = 0;
      else if (token === '\n') this.#newLine();
      else if (token === '\x1b[J') this.#eraseBelow();
      else if (token === '\x1b[2m') this.#dim = true;
      else if (token === '\x1b[0m') this.#dim = false;
      else if (token.startsWith('\x1b')) this.#up(Number(count));
      else for (const { segment } of graphemes.segment(token)) this.#put(segment);
    }
  }

  lines(): string[] {
    return this.#lines.map((line) => line.map(({ letter }) => letter).join(''));
  }

  dimText(): string {
    const cells = this.#lines.flat();
    return cells.flatMap(({ letter, dim }) => (dim ? [letter] : [])).join('');
  }

  /** A wide letter takes a second, empty cell. */
  #put(letter: string): void {
    if (letter < ' ') throw new Error(`control character ${JSON.stringify(letter)}`);
    const width = stringWidth(letter);
    if (this.#column > 0 && this.#column + width > this.columns) this.#newLine();
    const cells = [letter, ...Array<string>(Math.max(0, width - 1)).fill('')];
    for (const cell of cells) {
      this.#lines[this.#row]![this.#column++] = { letter: cell, dim: this.#dim };
    }
  }

  #up(rows: number): void {
    if (rows > this.#row) throw new Error(`${rows} rows up from row ${this.#row}`);
    this.#row -= rows;
  }

  #newLine(): void {
    this.#row++;
    this.#column = 0;
    this.#lines[this.#row] ??= [];
  }

  #eraseBelow(): void {
    this.#lines.length = this.#row + 1;
    this.#lines[this.#row]!.length = this.#column;
  }
}

const partial = (text: string, stableText = '') =>
  fakeEvent({ type: 'partial', text, stableText, start: 0, end: 61.25 });
const final = (text: string) =>
  fakeEvent({ type: 'final', text, stableText: text, start: 0, end: 61.25 });
const TIMES = '[0:00.0-1:01.2] ';

/** A view whose meter may move at any time. */
function viewOf(screen: Screen): LiveView {
  let now = 0;
  return new LiveView(screen, () => (now += 1000));
}

it('shows stable words plain and the rest dim, behind the times of the segment', () => {
  const screen = new Screen(40);
  viewOf(screen).show(partial('the cat sat', 'the cat'));
  expect(screen.lines()).toEqual([`${TIMES}the cat sat`]);
  expect(screen.dimText()).toBe(' sat');
});

it('puts words that may change in brackets where nothing can be dim', () => {
  const screen = new Screen(40);
  screen.styled = false;
  const view = viewOf(screen);
  view.show(partial('the cat sat', 'the cat'));
  expect(screen.lines()).toEqual([`${TIMES}the cat (sat)`]);
  view.show(partial('the cat sat', 'the cat sat'));
  expect(screen.lines()).toEqual([`${TIMES}the cat sat`]);
  expect(screen.dimText()).toBe('');
});

it('draws over what has changed, over several lines too', () => {
  const screen = new Screen(20);
  const view = viewOf(screen);
  view.show(partial('a text of very much more than two lines'));
  view.show(partial('a shorter text'));
  expect(screen.lines()).toEqual([`${TIMES}a sh`, 'orter text']);
  view.show(final('A short text.'));
  expect(screen.lines()).toEqual([`${TIMES}A sh`, 'ort text.', '']);
});

it('knows which letters are wide', () => {
  const screen = new Screen(5);
  const view = viewOf(screen);
  view.show(partial('日本語の日本語'));
  view.show(partial('日本語'));
  expect(screen.lines()).toEqual(['[0:00', '.0-1:', '01.2]', ' 日本', '語']);
});

it('shows the end of a text that is higher than the screen', () => {
  const screen = new Screen(10, 4);
  const view = viewOf(screen);
  view.show(partial('0123456789'.repeat(5)));
  expect(screen.lines()).toHaveLength(3);
  view.hear(new Float32Array(160), 1);
  expect(screen.lines()).toEqual(['4567890123', '456789', '0:01.0']);
  view.show(final('done'));
  expect(screen.lines()).toEqual(['[0:00.0-1:', '01.2] done', '0:01.0']);
});

it('shows the level below the text, and keeps it there', () => {
  const screen = new Screen(80);
  const view = viewOf(screen);
  view.hear(new Float32Array(160).fill(0.5), 12.34);
  expect(screen.lines()).toEqual(['0:12.3 [==================  ] peak  -6.0 rms  -6.0 dBFS']);
  view.show(final('done'));
  view.show(partial('next'));
  expect(screen.lines().map((line) => line.slice(0, 20))).toEqual([
    `${TIMES}done`,
    `${TIMES}next`,
    '0:12.3 [============',
  ]);
  view.clear();
  expect(screen.lines()).toEqual([`${TIMES}done`, '']);
});

it('moves the meter no oftener than every tenth of a second', () => {
  const screen = new Screen(80);
  let now = 0;
  const view = new LiveView(screen, () => now);
  for (const [time, seconds] of [
    [0, 1],
    [99, 2],
    [100, 3],
  ] as const) {
    now = time;
    view.hear(new Float32Array(1), seconds);
    expect(screen.lines()[0]).toContain(time === 100 ? '0:03.0' : '0:01.0');
  }
});

it('draws over what a narrower window has broken into more lines', () => {
  const wide = new Screen(40);
  const narrow = new Screen(20);
  const text = 'a text of more than one line there';
  narrow.write(`${TIMES}${text}`);
  let screen = wide;
  const view = new LiveView({
    ...{ isTTY: true, rows: 24, write: (text) => screen.write(text) },
    get columns() {
      return screen.columns;
    },
  });
  view.show(partial(text));
  screen = narrow;
  view.show(final('short'));
  expect(narrow.lines()).toEqual([`${TIMES}shor`, 't', '']);
});

it('takes away what is not final', () => {
  const screen = new Screen(30);
  const view = viewOf(screen);
  view.show(final('kept'));
  view.show(partial('not kept at all, and long'));
  view.clear();
  expect(screen.lines()).toEqual([`${TIMES}kept`, '']);
});

it('lets no control character of the text through', () => {
  const screen = new Screen(40);
  viewOf(screen).show(final('a\x1b[2Jb\rc\nd'));
  expect(screen.lines()).toEqual([`${TIMES}a [2Jb c d`, '']);
});

it('writes whole lines of finals where it is no terminal', () => {
  const written: string[] = [];
  const view = new LiveView({ write: (text) => written.push(text) });
  for (const event of [partial('one'), final('one'), partial('tw'), final('two')]) view.show(event);
  view.hear(new Float32Array(1600), 1);
  view.clear();
  expect(written).toEqual([`${TIMES}one\n`, `${TIMES}two\n`]);
});

it('ends with the finals, the last partial and the level on screen, whatever came before', () => {
  const text = fc.stringMatching(/^[a-z 日é]{0,60}$/);
  const event = fc.oneof(
    text.map(final),
    fc.tuple(text, fc.nat(60)).map(([whole, stable]) => partial(whole, whole.slice(0, stable))),
    fc.constant('level' as const),
  );
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 20 }),
      fc.integer({ min: 2, max: 80 }),
      (events, columns) => {
        const screen = new Screen(columns, 100);
        const view = viewOf(screen);
        const expected = new Screen(columns, 100);
        for (const one of events) {
          if (one === 'level') view.hear(new Float32Array(1), 1);
          else view.show(one);
          if (one !== 'level' && one.type === 'final') expected.write(`${TIMES}${one.text}\n`);
        }
        const last = events.filter((one) => one !== 'level').at(-1);
        const isOpen = last?.type === 'partial' && last.text !== '';
        const status = events.includes('level')
          ? formatStatus(1, { peak: -Infinity, rms: -Infinity }, columns)
          : '';
        if (isOpen) expected.write(TIMES + last.text);
        if (status !== '') expected.write(`${isOpen ? '\n' : ''}${status}`);
        expect(screen.lines()).toEqual(expected.lines());
        expect(screen.dimText()).toBe(isOpen ? last.text.slice(last.stableText.length) : '');
      },
    ),
  );
});
