// Models of random weights in the sizes of the papers' Conformers, for benchmarks and tests. They
// recognize nothing.
import { ParrotletError } from '../../errors.js';
import { RANDOM_MODELS } from '../random-models.js';
import { randomTensors } from '../random-tensors.js';
import { encodePieces } from '../tokenizer-pieces.js';
import type { ImportedModel, ImportFamily } from './family.js';

const NAMES = [...RANDOM_MODELS.keys()].join(', ');
const PATTERN = /^random:([a-z-]+)(?::(\d+))?$/;

export const random: ImportFamily = {
  name: 'random',
  description: `random weights, for benchmarks: random:NAME[:SEED] with NAME of ${NAMES}`,

  async matches({ source }) {
    return source.startsWith('random:');
  },

  async read({ source }): Promise<ImportedModel> {
    const [, name = '', seed = '1'] = PATTERN.exec(source) ?? [];
    const document = RANDOM_MODELS.get(name);
    if (!document) {
      throw new ParrotletError(
        'INVALID_ARGUMENT',
        `${source} is no random model. Write random:NAME or random:NAME:SEED, with NAME one of ` +
          `${NAMES} and SEED a whole number.`,
      );
    }
    const vocabulary =
      document.output === 'ctc' ? document.ctc.vocabulary : document.decoder.vocabulary;
    return {
      document,
      tensors: randomTensors(document, Number(seed)),
      pieces: encodePieces(syntheticPieces(vocabulary, document.tokenizer.special)).bytes,
      close: async () => {},
    };
  },
};

// Distinct invented pieces, every third one the beginning of a word.
function syntheticPieces(count: number, special: readonly number[]): Map<number, string> {
  const pieces = new Map<number, string>();
  for (let id = 0; id < count; ++id) {
    const letters = [...id.toString(26)].map((digit) => LETTERS[Number.parseInt(digit, 26)]);
    const text = `${id % 3 === 0 ? '\u2581' : ''}${letters.join('')}`;
    pieces.set(id, special.includes(id) ? `<special-${id}>` : text);
  }
  return pieces;
}

const LETTERS = 'etaoinshrdlucmfwypvbgkjqxz';
