// The live view against a small model of a terminal: what stands on the screen, and what is dim.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LiveView } from '../../../lib/cli/live-view.js';
import type { TranscriptEvent } from '../../../lib/events/types.js';
import { fakeEvent } from '../fake-backend.js';

// A control sequence with its number, or any one character.
const TOKEN = /\p{Cc}\[(\d*)[A-Za-z]|./gsu;

/** Lines of cells; a full line leaves the cursor on it until the next letter, as terminals do. */
class Screen {
  readonly isTTY = true;
  #lines: { letter: string; dim: boolean }[][] = [[]];
  #row = 0;
  #column = 0;
  #dim = false;

  constructor(
    readonly columns: number,
    readonly rows = 24,
  ) {}

  write(text: string): void {
    for (const [token, count] of text.matchAll(TOKEN)) {
      if (token === '\r') this.#column = 0;
      else if (token === '\n') this.#newLine();
      else if (token === '\x1b[J') this.#eraseBelow();
      else if (token === '\x1b[2m') this.#dim = true;
      else if (token === '\x1b[0m') this.#dim = false;
      else if (token.length > 1) this.#row -= Number(count);
      else this.#put(token);
    }
  }

  lines(): string[] {
    return this.#lines.map((line) => line.map(({ letter }) => letter).join(''));
  }

  dimText(): string {
    const cells = this.#lines.flat();
    return cells.flatMap(({ letter, dim }) => (dim ? [letter] : [])).join('');
  }

  #put(letter: string): void {
    if (letter < ' ') throw new Error(`control character ${JSON.stringify(letter)}`);
    if (this.#column === this.columns) this.#newLine();
    this.#lines[this.#row]![this.#column++] = { letter, dim: this.#dim };
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

const partial = (text: string, stableText = '') => fakeEvent({ type: 'partial', text, stableText });
const final = (text: string) => fakeEvent({ type: 'final', text, stableText: text });

it('shows stable words plain and the rest dim', () => {
  const screen = new Screen(40);
  new LiveView(screen).show(partial('the cat sat', 'the cat'));
  expect(screen.lines()).toEqual(['the cat sat']);
  expect(screen.dimText()).toBe(' sat');
});

it('draws over what has changed, over several lines too', () => {
  const screen = new Screen(10);
  const view = new LiveView(screen);
  view.show(partial('a text of more than two lines'));
  view.show(partial('a shorter text'));
  expect(screen.lines()).toEqual(['a shorter ', 'text']);
  view.show(final('A short text.'));
  expect(screen.lines()).toEqual(['A short te', 'xt.', '']);
});

it('shows the end of a text that is higher than the screen', () => {
  const screen = new Screen(10, 4);
  const view = new LiveView(screen);
  view.show(partial('0123456789'.repeat(5)));
  expect(screen.lines()).toHaveLength(3);
  view.show(final('done'));
  expect(screen.lines()).toEqual(['done', '']);
});

it('takes away what is not final', () => {
  const screen = new Screen(10);
  const view = new LiveView(screen);
  view.show(final('kept'));
  view.show(partial('not kept at all'));
  view.clear();
  expect(screen.lines()).toEqual(['kept', '']);
});

it('lets no control character of the text through', () => {
  const screen = new Screen(40);
  new LiveView(screen).show(final('a\x1b[2Jb\rc\nd'));
  expect(screen.lines()).toEqual(['a [2Jb c d', '']);
});

it('writes whole lines of finals where it is no terminal', () => {
  const written: string[] = [];
  const view = new LiveView({ write: (text) => written.push(text) });
  for (const event of [partial('one'), final('one'), partial('tw'), final('two')]) view.show(event);
  view.clear();
  expect(written).toEqual(['one\n', 'two\n']);
});

it('ends with the finals and the last partial on screen, whatever came before', () => {
  const text = fc.stringMatching(/^[a-z ]{0,60}$/);
  const event = fc.oneof(
    text.map(final),
    fc.tuple(text, fc.nat(60)).map(([whole, stable]) => partial(whole, whole.slice(0, stable))),
  );
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 20 }),
      fc.integer({ min: 1, max: 30 }),
      (events, columns) => {
        const screen = new Screen(columns, 100);
        const view = new LiveView(screen);
        for (const one of events) view.show(one);
        const expected = new Screen(columns, 100);
        for (const one of events) if (one.type === 'final') expected.write(`${one.text}\n`);
        const last = events.at(-1);
        if (last?.type === 'partial') expected.write(last.text);
        expect(screen.lines()).toEqual(expected.lines());
        expect(screen.dimText()).toBe(dimOf(last));
      },
    ),
  );
});

function dimOf(event: TranscriptEvent | undefined): string {
  return event?.type === 'partial' ? event.text.slice(event.stableText.length) : '';
}
