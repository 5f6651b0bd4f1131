// Moonshine's tensors in the model file's names; shared by all families that descend from it.
import type {
  DecoderDocument,
  EncoderDocument,
  FrontEndDocument,
  NormDocument,
} from '../model-document.js';
import type { TensorMapper } from '../tensor-source.js';
import { type MoonshineConfig, rotaryDims } from './moonshine-config.js';

/** Epsilon of every norm of Moonshine. */
export const NORM_EPSILON = 1e-5;

// The makers' own limit against loops.
const TOKENS_PER_SECOND = 6.5;

/** Three strided convolutions over the waveform: one frame in 384 samples. */
export function moonshineFrontEnd(config: MoonshineConfig, norm: NormDocument): FrontEndDocument {
  const { dim } = config;
  return {
    kind: 'waveform',
    convs: [
      { inChannels: 1, outChannels: dim, kernel: 127, stride: 64, activation: 'tanh' },
      { inChannels: dim, outChannels: 2 * dim, kernel: 7, stride: 3, activation: 'gelu' },
      { inChannels: 2 * dim, outChannels: dim, kernel: 3, stride: 2, activation: 'gelu' },
    ],
    norm,
  };
}

/** The encoder as published: full attention, no convolution modules. */
export function moonshineEncoder(config: MoonshineConfig): EncoderDocument {
  return {
    dim: config.dim,
    heads: config.encoderHeads,
    feedForward: config.feedForward,
    activation: config.encoderActivation,
    halfStepFeedForward: false,
    blockNorm: false,
    convKernel: 0,
    normEpsilon: NORM_EPSILON,
    span: 'full',
    positions: 'rotary',
    rotaryDims: rotaryDims(config, config.encoderHeads),
    rotaryTheta: config.rotaryTheta,
    memoryPositionScale: 0,
    layers: Array.from({ length: config.encoderLayers }, () => ({ kind: 'block' }) as const),
  };
}

/**
 * Heads of Moonshine tiny that follow time, as test/reference/alignment_study.py found them: the last
 * one looks at the end of the token before, the others at the beginning of the one to come.
 */
const TINY_ALIGNMENT_HEADS = [
  [4, 6],
  [3, 6],
  [4, 3],
  [4, 7],
  [3, 1],
] as const;

function isTiny(config: MoonshineConfig): boolean {
  return config.dim === 288 && config.decoderLayers === 6 && config.decoderHeads === 8;
}

export function moonshineDecoder(config: MoonshineConfig): DecoderDocument {
  return {
    dim: config.dim,
    heads: config.decoderHeads,
    feedForward: config.feedForward,
    layers: config.decoderLayers,
    rotaryDims: rotaryDims(config, config.decoderHeads),
    rotaryTheta: config.rotaryTheta,
    normEpsilon: NORM_EPSILON,
    vocabulary: config.vocabulary,
    startToken: config.startToken,
    endToken: config.endToken,
    tokensPerSecond: TOKENS_PER_SECOND,
    alignmentHeads: isTiny(config) ? TINY_ALIGNMENT_HEADS : [],
  };
}

/** Front end, norm and encoder blocks; `prefix` is what stands before `conv1.weight`. */
export function mapMoonshineEncoder(
  mapper: TensorMapper,
  config: MoonshineConfig,
  prefix: string,
): void {
  const { dim, feedForward } = config;
  // The first convolution hears the waveform itself, which quantized activations would coarsen.
  mapper.convolution('frontend.conv.0.weight', `${prefix}conv1.weight`, [dim, 1, 127], false);
  mapper.float('frontend.norm.weight', `${prefix}groupnorm.weight`, [dim]);
  mapper.float('frontend.norm.bias', `${prefix}groupnorm.bias`, [dim]);
  mapper.convolution('frontend.conv.1.weight', `${prefix}conv2.weight`, [2 * dim, dim, 7], true);
  mapper.float('frontend.conv.1.bias', `${prefix}conv2.bias`, [2 * dim]);
  mapper.convolution('frontend.conv.2.weight', `${prefix}conv3.weight`, [dim, 2 * dim, 3], true);
  mapper.float('frontend.conv.2.bias', `${prefix}conv3.bias`, [dim]);
  for (let i = 0; i < config.encoderLayers; ++i) {
    const to = `encoder.layers.${i}.`;
    const from = `${prefix}layers.${i}.`;
    mapper.float(`${to}attention.norm.weight`, `${from}input_layernorm.weight`, [dim]);
    mapAttention(mapper, `${to}attention.`, `${from}self_attn.`, dim);
    mapper.float(`${to}ff.norm.weight`, `${from}post_attention_layernorm.weight`, [dim]);
    mapFeedForward(mapper, `${to}ff.`, `${from}mlp.`, [dim, feedForward, feedForward]);
  }
  mapper.float('encoder.norm.weight', `${prefix}layer_norm.weight`, [dim]);
}

/** Token table and decoder blocks; `prefix` is what stands before `embed_tokens.weight`. */
export function mapMoonshineDecoder(
  mapper: TensorMapper,
  config: MoonshineConfig,
  prefix: string,
): void {
  const { dim, feedForward } = config;
  const table = [config.vocabulary, dim] as const;
  mapper.matrix('decoder.embedding.weight', `${prefix}embed_tokens.weight`, table);
  for (let i = 0; i < config.decoderLayers; ++i) {
    const to = `decoder.layers.${i}.`;
    const from = `${prefix}layers.${i}.`;
    mapper.float(`${to}self.norm.weight`, `${from}input_layernorm.weight`, [dim]);
    mapAttention(mapper, `${to}self.`, `${from}self_attn.`, dim);
    mapper.float(`${to}cross.norm.weight`, `${from}post_attention_layernorm.weight`, [dim]);
    mapCrossAttention(mapper, `${to}cross.`, `${from}encoder_attn.`, dim);
    mapper.float(`${to}ff.norm.weight`, `${from}final_layernorm.weight`, [dim]);
    mapFeedForward(mapper, `${to}ff.`, `${from}mlp.`, [dim, 2 * feedForward, feedForward]);
  }
  mapper.float('decoder.norm.weight', `${prefix}norm.weight`, [dim]);
}

function mapAttention(mapper: TensorMapper, to: string, from: string, dim: number): void {
  const projections = ['q', 'k', 'v'].map((letter) => `${from}${letter}_proj.weight`);
  mapper.matrix(`${to}qkv.weight`, projections, [3 * dim, dim]);
  mapper.matrix(`${to}out.weight`, `${from}o_proj.weight`, [dim, dim]);
}

function mapCrossAttention(mapper: TensorMapper, to: string, from: string, dim: number): void {
  const projections = ['k', 'v'].map((letter) => `${from}${letter}_proj.weight`);
  mapper.matrix(`${to}query.weight`, `${from}q_proj.weight`, [dim, dim]);
  mapper.matrix(`${to}key_value.weight`, projections, [2 * dim, dim]);
  mapper.matrix(`${to}out.weight`, `${from}o_proj.weight`, [dim, dim]);
}

// `widths`: model, first projection's outputs, second projection's inputs.
function mapFeedForward(
  mapper: TensorMapper,
  to: string,
  from: string,
  widths: readonly [dim: number, outputs: number, inputs: number],
): void {
  const [dim, outputs, inputs] = widths;
  mapper.matrix(`${to}in.weight`, `${from}fc1.weight`, [outputs, dim]);
  mapper.float(`${to}in.bias`, `${from}fc1.bias`, [outputs]);
  mapper.matrix(`${to}out.weight`, `${from}fc2.weight`, [dim, inputs]);
  mapper.float(`${to}out.bias`, `${from}fc2.bias`, [dim]);
}
