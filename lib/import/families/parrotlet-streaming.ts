// Moonshine made a streaming Conformer: chunked attention, causal convolution modules, running norm.
import { basename, dirname } from 'node:path';
import { ParrotletError } from '../../errors.js';
import { SafetensorsReader } from '../safetensors-reader.js';
import { TensorMapper } from '../tensor-source.js';
import { WeightFolder } from '../weight-folder.js';
import { cardOf, expectAllTaken, type ImportedModel, type ImportFamily } from './family.js';
import {
  isMoonshineFolder,
  type MoonshineConfig,
  readMoonshineFolder,
} from './moonshine-config.js';
import {
  mapMoonshineDecoder,
  mapMoonshineEncoder,
  moonshineDecoder,
  moonshineEncoder,
  moonshineFrontEnd,
  NORM_EPSILON,
} from './moonshine-tensors.js';
import { readStreamingArchitecture } from './streaming-architecture.js';

// The longest that was heard in training.
const MAX_SEGMENT_SECONDS = 20;

const FIRST_TENSOR = 'encoder.e.conv1.weight';
// Constants that some exports store, and the scalars that go into the document.
const IGNORED = /\.rotary_emb\.inv_freq$|^encoder\.(mu0|v0|ps)$/;

export const parrotletStreaming: ImportFamily = {
  name: 'parrotlet-streaming',
  description:
    'a checkpoint of the streaming training, in its Moonshine folder or with the option base',

  async matches({ source }) {
    if (!source.endsWith('.safetensors')) return false;
    const reader = await SafetensorsReader.open(source).catch(() => undefined);
    await reader?.close();
    return reader?.tensors.has(FIRST_TENSOR) ?? false;
  },

  async read({ source, base }): Promise<ImportedModel> {
    const { config, tokenizer } = await readMoonshineFolder(base ?? (await folderBeside(source)));
    const weights = await WeightFolder.open(source);
    try {
      const architecture = readStreamingArchitecture(
        weights.metadata.get('architecture'),
        config.encoderLayers,
      );
      const mapper = new TensorMapper(weights);
      const convKernel = mapEncoder(mapper, config, weights);
      mapMoonshineDecoder(mapper, config, 'decoder.');
      expectAllTaken(weights, mapper, IGNORED, 'parrotlet-streaming');
      return {
        document: {
          version: 1,
          name: basename(source, '.safetensors'),
          sampleRate: 16000,
          maxSegmentSeconds: MAX_SEGMENT_SECONDS,
          frontEnd: moonshineFrontEnd(config, {
            kind: 'running',
            epsilon: NORM_EPSILON,
            priorFrames: architecture.priorFrames,
            priorMean: await scalar(weights, 'encoder.mu0'),
            priorVariance: await scalar(weights, 'encoder.v0'),
          }),
          encoder: {
            ...moonshineEncoder(config),
            ...architecture.attention,
            convKernel,
            memoryPositionScale: await scalar(weights, 'encoder.ps'),
          },
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

async function folderBeside(source: string): Promise<string> {
  const folder = dirname(source);
  if (await isMoonshineFolder(folder)) return folder;
  throw new ParrotletError(
    'INVALID_ARGUMENT',
    'A streaming checkpoint holds weights only: name the Moonshine folder it was trained from ' +
      '(config.json, tokenizer.json) in the option base, or put the checkpoint there.',
  );
}

// Maps the encoder with its convolution modules and returns their kernel's length.
function mapEncoder(mapper: TensorMapper, config: MoonshineConfig, weights: WeightFolder): number {
  const { dim } = config;
  const kernel = weights.shapeOf('encoder.conv.0.dw.weight')?.[2] ?? 0;
  mapMoonshineEncoder(mapper, config, 'encoder.e.');
  for (let i = 0; i < config.encoderLayers; ++i) {
    const to = `encoder.layers.${i}.conv.`;
    const from = `encoder.conv.${i}.`;
    mapper.float(`${to}norm.weight`, `${from}ln.weight`, [dim]);
    mapper.matrix(`${to}in.weight`, `${from}p1.weight`, [2 * dim, dim]);
    mapper.float(`${to}in.bias`, `${from}p1.bias`, [2 * dim]);
    mapper.depthwise(`${to}depthwise.weight`, `${from}dw.weight`, dim, kernel);
    mapper.float(`${to}depthwise.bias`, `${from}dw.bias`, [dim]);
    mapper.float(`${to}depthwise_norm.weight`, `${from}n.weight`, [dim]);
    mapper.float(`${to}depthwise_norm.bias`, `${from}n.bias`, [dim]);
    mapper.matrix(`${to}out.weight`, `${from}p2.weight`, [dim, dim]);
    mapper.float(`${to}out.bias`, `${from}p2.bias`, [dim]);
  }
  return kernel;
}

async function scalar(weights: WeightFolder, name: string): Promise<number> {
  const values = await weights.load(name);
  if (values.length === 1) return values[0]!;
  throw new ParrotletError(
    'MODEL_SHAPE',
    `The checkpoint's tensor "${name}" should be one number, not ${values.length}.`,
  );
}
