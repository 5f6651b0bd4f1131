// Moonshine as Hugging Face folders hold it: an offline encoder with full attention.
import { basename, resolve } from 'node:path';
import { TensorMapper } from '../tensor-source.js';
import { WeightFolder } from '../weight-folder.js';
import { cardOf, expectAllTaken, type ImportedModel, type ImportFamily } from './family.js';
import { isMoonshineFolder, readMoonshineFolder } from './moonshine-config.js';
import {
  mapMoonshineDecoder,
  mapMoonshineEncoder,
  moonshineDecoder,
  moonshineEncoder,
  moonshineFrontEnd,
  NORM_EPSILON,
} from './moonshine-tensors.js';

/** Segments of at most this many seconds are what the model heard in training. */
const MAX_SEGMENT_SECONDS = 30;

// Constants that some exports store, and the output layer, which is tied with the token table.
const IGNORED = /\.rotary_emb\.inv_freq$|^proj_out\.weight$/;

export const moonshine: ImportFamily = {
  name: 'moonshine',
  description: 'a Hugging Face folder of Moonshine: config.json, model.safetensors, tokenizer.json',

  async matches({ source }) {
    return isMoonshineFolder(source);
  },

  async read({ source }): Promise<ImportedModel> {
    const { config, tokenizer } = await readMoonshineFolder(source);
    const weights = await WeightFolder.open(source);
    try {
      const mapper = new TensorMapper(weights);
      mapMoonshineEncoder(mapper, config, 'model.encoder.');
      mapMoonshineDecoder(mapper, config, 'model.decoder.');
      expectAllTaken(weights, mapper, IGNORED, 'moonshine');
      return {
        document: {
          version: 1,
          name: basename(resolve(source)),
          sampleRate: 16000,
          maxSegmentSeconds: MAX_SEGMENT_SECONDS,
          frontEnd: moonshineFrontEnd(config, { kind: 'utterance', epsilon: NORM_EPSILON }),
          encoder: moonshineEncoder(config),
          output: 'attentionDecoder',
          decoder: moonshineDecoder(config),
          tokenizer: { kind: 'pieces', special: tokenizer.special },
          card: cardOf(weights.metadata),
        },
        tensors: mapper.sources,
        pieces: tokenizer.bytes,
        close: () => weights.close(),
      };
    } catch (error) {
      await weights.close();
      throw error;
    }
  },
};
