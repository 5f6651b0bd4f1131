// What the streaming report makes of the events of live sessions.
import { describe, expect, it } from 'vitest';
import type { StepResult } from '../../lib/backend/backend.js';
import type { Word } from '../../lib/events/types.js';
import { Model } from '../../lib/model.js';
import {
  delaysOf,
  distribution,
  followWords,
  type HeardEvent,
  matchWords,
  plain,
} from '../../tools/streaming/delays.mjs';
import { intoARoom, play, ROOM_SECONDS, SAMPLE_RATE } from '../../tools/streaming/live.mjs';
import { streamingPage } from '../../tools/streaming/page.mjs';
import { summarize } from '../../tools/streaming/summary.mjs';
import { FakeModel, FakeSession, fakeEvent } from '../lib/fake-backend.js';

const partial = (given: number, text: string, stable = 0): HeardEvent => ({
  ...{ final: false, given, stable },
  words: text.split(' '),
});
const final = (given: number, text: string): HeardEvent => {
  const words = text.split(' ');
  return { final: true, given, stable: words.length, words };
};
const split = (text: string) => text.split(' ').filter(Boolean);

describe('matchWords', () => {
  it.each([
    ['the cat sat', 'the cat sat', [0, 0, 1, 1, 2, 2]],
    ['the cat sat', 'a cat sat', [1, 1, 2, 2]],
    ['the cat sat', 'cat sat', [1, 0, 2, 1]],
    ['cat sat', 'the old cat sat', [0, 2, 1, 3]],
    ['', 'a b', []],
    ['a b', '', []],
  ])('pairs the equal words of %j and %j', (a, b, pairs) => {
    expect(matchWords(split(a), split(b)).flat()).toEqual(pairs);
  });
});

describe('followWords', () => {
  it('notes when a word first stood at its place, and when it was stable there', () => {
    const events = [partial(1, 'the'), partial(2, 'the hat', 1), final(3, 'the cat')];
    expect(followWords(events).words).toEqual([
      { text: 'the', first: 1, stable: 2 },
      { text: 'cat', first: 3, stable: 3 },
    ]);
  });

  it('counts partial words that became another word, none, or one spelled otherwise', () => {
    const events = [partial(1, 'the hat it'), partial(2, 'The hat', 1), final(3, 'The cat')];
    const { shown, changed, respelled, broken } = followWords(events);
    expect({ shown, changed, respelled, broken }).toEqual({
      shown: 4, // the, hat, it; hat
      changed: 3, // hat, it; hat
      respelled: 4,
      broken: 0,
    });
  });

  it('finds stable words that changed all the same', () => {
    expect(followWords([partial(1, 'the hat', 2), final(2, 'the cat')]).broken).toBe(1);
  });

  it('counts places through all segments, also for words that a cut moved to the next', () => {
    const events = [
      partial(1, 'one two three', 1),
      final(2, 'one two'),
      partial(3, 'three'),
      final(4, 'three four'),
    ];
    const { words, changed } = followWords(events);
    expect(words.map(({ first }) => first)).toEqual([1, 1, 1, 4]);
    expect(words.map(({ stable }) => stable)).toEqual([1, 2, 4, 4]);
    expect(changed).toBe(0);
  });
});

describe('delaysOf', () => {
  it('measures from the ends in the other text, and only words that are in both', () => {
    const words = [
      { text: 'The', first: 1, stable: 2 },
      { text: 'cat,', first: 1.5, stable: 3 },
    ];
    const aligned = [
      { text: 'A', end: 0.4 },
      { text: 'cat', end: 1.25 },
    ];
    expect(delaysOf(words, aligned)).toEqual([{ first: 0.25, stable: 1.75 }]);
  });
});

describe('distribution', () => {
  it('takes the nearest rank', () => {
    const { p50, p90, percentiles } = distribution([10, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([p50, p90, percentiles[0], percentiles[91], percentiles[100]]).toEqual([
      5, 9, 1, 10, 10,
    ]);
  });
});

it('compares words without case and punctuation', () => {
  expect([plain('Mr.'), plain('“Don’t'), plain("DON'T")]).toEqual(['mr', 'dont', 'dont']);
});

/** Says after each piece, in two events, how much it has heard; one word is stable. */
class Counting extends FakeSession {
  override async write(samples: Float32Array): Promise<StepResult> {
    const { done, seconds } = await super.write(samples);
    const words = ['heard', `${this.heard}`].map(
      (text, i): Word => ({ ...fakeWord, text, stable: i === 0 }),
    );
    const event = fakeEvent({ type: 'partial', words });
    return { events: [event, event], done, seconds };
  }
}
const fakeWord = { start: 0, end: 0, stable: false, text: '', confidence: 1 };

it('plays in pieces and notes for every event how much audio had been given', async () => {
  const backend = new FakeModel();
  backend.openSession = (options) => new Counting(options);
  const { events, processingSeconds } = await play(new Model(backend), new Float32Array(1000), {});
  expect(events.map(({ given, words }) => [given * SAMPLE_RATE, words[1]])).toEqual([
    [384, '384'],
    [384, '384'],
    [768, '768'],
    [768, '768'],
    [1000, '1000'],
    [1000, '1000'],
    [1000, undefined],
  ]);
  expect(events.map(({ stable, final }) => [stable, final])).toEqual([
    ...Array.from({ length: 6 }, () => [1, false]),
    [0, true],
  ]);
  expect(processingSeconds).toBeCloseTo(0.005);
});

it('lets a quiet room follow a recording', () => {
  const room = intoARoom(Float32Array.of(0.5, -0.5));
  expect([...room.subarray(0, 2), room.length]).toEqual([
    0.5,
    -0.5,
    2 + ROOM_SECONDS * SAMPLE_RATE,
  ]);
  const loudest = room.subarray(2).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  expect(loudest).toBeGreaterThan(2e-4);
  expect(loudest).toBeLessThan(4e-4);
});

describe('the page', () => {
  const recordings = [{ path: 'a', seconds: 4, text: 'THE CAT' }];
  const aligned = new Map([
    [
      'a',
      {
        words: [
          { text: 'the', end: 0.5 },
          { text: 'cat', end: 1 },
        ],
      },
    ],
  ]);
  const heard = (stableAt: number) => {
    const said = [partial(1, 'the hat'), partial(1.5, 'the cat'), final(stableAt, 'the cat')];
    const events = said.map((event) => ({ ...event, milliseconds: 7 }));
    const live = { events, text: 'The hat.', processingSeconds: 0.4 };
    const slow = events.map((event) => ({ ...event, milliseconds: 9 }));
    const twice = { events: slow, text: 'The cat.', processingSeconds: 0.6 };
    const late = [partial(2, 'the hat'), final(4, 'the hat')];
    const once = { ...live, events: late.map((event) => ({ ...event, milliseconds: 5 })) };
    const plays = { twice, once: { ...once, processingSeconds: 0.2 } };
    return new Map([['a', { ...live, quietSeconds: 0.1, ...plays }]]);
  };
  const result = (stableAt: number, recordingsInAll = 1) => ({
    ...{ model: 'some-model', defaultChunkMs: 648, defaultLookAheadMs: 240 },
    ...{ recordings: 1, recordingsInAll, minutes: 0.1 },
    ...{ cpu: 'some CPU', cores: 2, load: [0, 1], jobs: 1 },
    rows: [{ chunkMs: 648, ...summarize(recordings, aligned, heard(stableAt)) }],
  });

  it('shows delays, changes and costs', () => {
    const page = streamingPage(result(2.5));
    expect(page).toContain(
      '| 648 ms | 0.50 s | 0.50 s | 1.50 s | 2.00 s | 25.0 % | 25.0 % | 50.0 % |',
    );
    expect(page).toContain('| 648 ms | 7 ms | 7 ms | 100.0 ms | 25.0 ms |');
    expect(page).toContain(
      '| 648 ms | 0.0 % | 50.0 % | 9 ms | 9 ms | 7 ms | 150.0 ms | 100.0 ms |',
    );
    expect(page).toContain(
      '| 648 ms | 1.50 s | 0.50 s | 3.50 s | 2.00 s | 0.0 % | 25.0 % | 50.0 % | 50.0 % | 50.0 ms | 100.0 ms |',
    );
    expect(page).toContain('the last 240 ms of a chunk');
    expect(page).toContain('(100 % of the final\n  words have one)');
  });

  it('says which goals are met, and on how many recordings', () => {
    expect(streamingPage(result(2.5))).toMatch(
      /all 1 recordings[\s\S]*stable within 2.0 s \(2.00 s: met\)/,
    );
    expect(streamingPage(result(2.6))).toContain('stable within 2.0 s (2.10 s: **missed**)');
    expect(streamingPage(result(2.6))).toContain('changed (25.0 %: **missed**)');
    expect(streamingPage(result(2.5, 292))).toContain('**only 1 of the 292 recordings**');
  });
});
