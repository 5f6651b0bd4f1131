// Reading tokenizer.json.
import { describe, expect, it } from 'vitest';
import { readTokenizerJson } from '../../../lib/import/tokenizer-pieces.js';

function read(json: unknown) {
  return readTokenizerJson(JSON.stringify(json));
}

const bpe = (vocab: Record<string, unknown>) => ({ type: 'BPE', vocab });

describe('readTokenizerJson', () => {
  it('stores each piece behind its length, in order of ids', () => {
    const { bytes, count } = read({ model: bpe({ b: 2, '\u2581a': 1, '<0x41>': 0 }) });
    expect(count).toBe(3);
    expect(Buffer.from(bytes).toString('utf8')).toBe('\u0006<0x41>\u0004\u2581a\u0001b');
  });

  it('takes added tokens along and lists the special ones', () => {
    const { count, special } = read({
      added_tokens: [
        { id: 2, content: '<s>', special: true },
        { id: 0, content: 'a', special: false },
        { id: 1, content: '</s>', special: true },
      ],
      model: bpe({ a: 0 }),
    });
    expect(count).toBe(3);
    expect(special).toEqual([1, 2]);
  });

  it('reads Unigram vocabularies', () => {
    const vocab = [
      ['<unk>', 0],
      ['\u2581b', -1.5],
    ];
    expect(read({ model: { type: 'Unigram', vocab } }).count).toBe(2);
  });

  it('takes pieces of 255 bytes and refuses longer ones, naming the id', () => {
    const long = '\u00e9'.repeat(127); // 254 bytes
    expect(read({ model: bpe({ [`${long}x`]: 0 }) }).bytes[0]).toBe(255);
    expect(() => read({ model: bpe({ a: 0, [`${long}xy`]: 1 }) })).toThrow(/Piece 1 .*256 bytes/);
  });

  it.each<[string, unknown, string]>([
    ['a hole among the ids', { model: bpe({ a: 0, b: 2 }) }, 'MODEL_SHAPE'],
    ['an id used twice', { model: bpe({ a: 0, b: 0 }) }, 'MODEL_SHAPE'],
    ['an id that is no number', { model: bpe({ a: '0' }) }, 'MODEL_MALFORMED'],
    ['a negative id', { model: bpe({ a: -1 }) }, 'MODEL_MALFORMED'],
    ['no model', {}, 'MODEL_MALFORMED'],
    ['another type', { model: { type: 'WordPiece', vocab: {} } }, 'MODEL_UNSUPPORTED'],
    [
      'byte-level pieces',
      { decoder: { type: 'ByteLevel' }, model: bpe({ a: 0 }) },
      'MODEL_UNSUPPORTED',
    ],
  ])('refuses %s', (_, json, code) => {
    expect(() => read(json)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses what is not JSON', () => {
    expect(() => readTokenizerJson('{')).toThrow(
      expect.objectContaining({ code: 'MODEL_MALFORMED' }),
    );
  });
});
