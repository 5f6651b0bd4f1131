// The options of a session: what each means to the engine, and how wrong ones are refused.
import { describe, expect, it } from 'vitest';
import type { SessionOptions } from '../../lib/session-options.js';
import { openFake } from './fake-backend.js';

it('leaves every choice to the engine by default', () => {
  expect(openFake().engine.options).toEqual({
    ...{ sampleRate: 0, channels: 0, chunkFrames: 0, lookAheadFrames: 0 },
    ...{ noPartials: false, noPauses: false },
    ...{ pauseSeconds: 0, leastPauseSeconds: 0, minSpeechSeconds: 0, maxSegmentSeconds: 0 },
    ...{ minConfidence: 0, beam: 0, keepLoops: false, noWords: false, secondPass: false },
  });
});

it('translates each option', () => {
  const { engine } = openFake({
    ...{ sampleRate: 44100, channels: 2, chunkMs: 312, lookAheadMs: 240 },
    ...{ partials: false, pauses: false },
    ...{ pauseSeconds: 0.4, leastPauseSeconds: 0.2, minSpeechSeconds: 0.5, maxSegmentSeconds: 10 },
    ...{ minConfidence: 0.3, beam: 4, words: false, keepLoops: true, secondPass: true },
  });
  expect(engine.options).toEqual({
    ...{ sampleRate: 44100, channels: 2, chunkFrames: 13, lookAheadFrames: 10 },
    ...{ noPartials: true, noPauses: true },
    ...{ pauseSeconds: 0.4, leastPauseSeconds: 0.2, minSpeechSeconds: 0.5, maxSegmentSeconds: 10 },
    ...{ minConfidence: 0.3, beam: 4, noWords: true, keepLoops: true, secondPass: true },
  });
});

it('tells the engine a least of 0 from one that was left out', () => {
  const { engine } = openFake({ minSpeechSeconds: 0, minConfidence: 0, lookAheadMs: 0 });
  expect(engine.options).toMatchObject({
    ...{ minSpeechSeconds: -1, minConfidence: -1, lookAheadFrames: -1 },
  });
});

it('asks for the whole segment at once', () => {
  expect(openFake({ chunkMs: 'segment' }).engine.options.chunkFrames).toBe(-1);
});

describe('is refused with INVALID_ARGUMENT:', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a rate too low', { sampleRate: 7999 }, /Hz from 8000 to 48000 for sampleRate.*7999/],
    ['a rate that is NaN', { sampleRate: Number.NaN }, /sampleRate/],
    ['a rate as text', { sampleRate: '16000' }, /sampleRate.*"16000"/],
    ['half a channel', { channels: 1.5 }, /integer from 1 to 8 for channels/],
    ['nine channels', { channels: 9 }, /channels/],
    ['an unknown encoding', { encoding: 's24le' }, /'s16le' or 'f32le' for encoding/],
    ['a chunk the model lacks', { chunkMs: 500 }, /one of 312, 648, 'segment' for chunkMs.*500/],
    ['a chunk as text', { chunkMs: 'whole' }, /chunkMs/],
    ['a look-ahead into the past', { lookAheadMs: -1 }, /0 or more for lookAheadMs/],
    ['a flag as number', { partials: 1 }, /true or false for partials/],
    ['no pause', { pauseSeconds: 0 }, /from 0.1 to 10 for pauseSeconds/],
    ['a pause of NaN', { leastPauseSeconds: Number.NaN }, /0.05 to 10 for leastPauseSeconds/],
    ['negative speech', { minSpeechSeconds: -1 }, /from 0 to 5 for minSpeechSeconds/],
    ['a confidence of 2', { minConfidence: 2 }, /from 0 to 1 for minConfidence/],
    ['an endless segment', { maxSegmentSeconds: Number.POSITIVE_INFINITY }, /maxSegmentSeconds/],
    ['a beam of 0', { beam: 0 }, /beam/],
    ['a beam of 9', { beam: 9 }, /beam/],
    ['a signal that is none', { signal: {} }, /AbortSignal for signal/],
    ['a queue of nothing', { maxQueuedSeconds: -1 }, /maxQueuedSeconds/],
    ['a misspelt option', { sampelRate: 16000 }, /one of sampleRate, .*"sampelRate"/],
    ['an option of every object', { toString: true }, /"toString"/],
  ])('%s', (_, options, message) => {
    expect(() => openFake(options as SessionOptions)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      }),
    );
  });

  it('options that are no object', () => {
    expect(() => openFake(null as unknown as SessionOptions)).toThrow(/an object for options/);
  });
});
