// Architectures for random weights: the Conformers of the papers, for benchmarks, and tiny models
// that between them have every kind of layer, for tests.
import type {
  EncoderDocument,
  EncoderLayerDocument,
  FrontEndDocument,
  ModelDocument,
  OutputDocument,
} from './model-document.js';

const LOG_MEL: FrontEndDocument = {
  kind: 'logMel',
  window: 400,
  hop: 160,
  fft: 512,
  melBins: 80,
  lowHz: 125,
  highHz: 7600,
  preEmphasis: 0.97,
  logFloor: 1e-5,
};

const TINY_CONVS = [
  { inChannels: 1, outChannels: 32, kernel: 127, stride: 64, activation: 'tanh' },
  { inChannels: 32, outChannels: 64, kernel: 7, stride: 3, activation: 'gelu' },
  { inChannels: 64, outChannels: 32, kernel: 3, stride: 2, activation: 'gelu' },
] as const;

const TINY_DECODER: OutputDocument = {
  output: 'attentionDecoder',
  decoder: {
    dim: 32,
    heads: 2,
    feedForward: 64,
    layers: 2,
    rotaryDims: 12,
    rotaryTheta: 10000,
    normEpsilon: 1e-5,
    vocabulary: 64,
    startToken: 1,
    endToken: 2,
    tokensPerSecond: 6.5,
    alignmentHeads: [[1, 0]],
  },
};

const CONFORMER = {
  activation: 'silu',
  halfStepFeedForward: true,
  blockNorm: true,
  convKernel: 15,
  normEpsilon: 1e-5,
  span: 'frames',
  leftFrames: 64,
  positions: 'relativeBias',
  memoryPositionScale: 0,
} as const;

/** Every architecture, by name. */
export const RANDOM_MODELS: ReadonlyMap<string, ModelDocument> = new Map(
  [
    conformer('conformer-s', { dim: 144, heads: 4, blocks: 16 }),
    conformer('conformer-m', { dim: 256, heads: 4, blocks: 16 }),
    conformer('conformer-l', { dim: 512, heads: 8, blocks: 17 }),
    tinyCtc(),
    tinyStreaming(),
    tinyOffline(),
  ].map((document) => [document.name, document]),
);

// Two stackers turn frames of 10 ms into frames of 40 ms before the first block.
function conformer(
  name: string,
  size: { readonly dim: number; readonly heads: number; readonly blocks: number },
): ModelDocument {
  const { dim, heads, blocks } = size;
  const stacker: EncoderLayerDocument = { kind: 'stacker', past: 1, future: 0, stride: 2 };
  const block: EncoderLayerDocument = { kind: 'block', lookahead: 0 };
  const layers = [stacker, stacker, ...Array.from({ length: blocks }, () => block)];
  const encoder = { ...CONFORMER, dim, heads, feedForward: 4 * dim, layers };
  return model(name, LOG_MEL, encoder, { output: 'ctc', ctc: { vocabulary: 1024, blank: 0 } });
}

function tinyCtc(): ModelDocument {
  const encoder: EncoderDocument = {
    ...CONFORMER,
    dim: 32,
    heads: 2,
    feedForward: 64,
    convKernel: 5,
    leftFrames: 12,
    layers: [
      { kind: 'stacker', past: 1, future: 0, stride: 2 },
      { kind: 'block', lookahead: 1 },
      { kind: 'stacker', past: 1, future: 1, stride: 2 },
      { kind: 'block', lookahead: 0 },
    ],
  };
  return model('tiny-ctc', LOG_MEL, encoder, {
    output: 'ctc',
    ctc: { vocabulary: 64, blank: 0 },
  });
}

// The layer kinds of the trained streaming model, a ninth as wide.
function tinyStreaming(): ModelDocument {
  const prior = { priorFrames: 64, priorMean: 0, priorVariance: 0.0103 };
  const norm = { kind: 'running', epsilon: 1e-5, ...prior } as const;
  const encoder: EncoderDocument = {
    ...tinyOfflineEncoder(),
    convKernel: 15,
    span: 'chunk',
    leftFrames: 40,
    chunkFrames: 8,
    chunkChoices: [4, 8],
    positions: 'rotary',
    rotaryDims: 12,
    rotaryTheta: 10000,
    memoryPositionScale: 0.5,
  };
  const frontEnd: FrontEndDocument = { kind: 'waveform', convs: TINY_CONVS, norm };
  return model('tiny-streaming', frontEnd, encoder, TINY_DECODER);
}

function tinyOffline(): ModelDocument {
  const norm = { kind: 'utterance', epsilon: 1e-5 } as const;
  const frontEnd: FrontEndDocument = { kind: 'waveform', convs: TINY_CONVS, norm };
  return model('tiny-offline', frontEnd, tinyOfflineEncoder(), TINY_DECODER);
}

function tinyOfflineEncoder(): EncoderDocument {
  return {
    dim: 32,
    heads: 2,
    feedForward: 64,
    activation: 'gelu',
    halfStepFeedForward: false,
    blockNorm: false,
    convKernel: 0,
    normEpsilon: 1e-5,
    span: 'full',
    positions: 'sinusoidal',
    memoryPositionScale: 0,
    layers: [{ kind: 'block' }, { kind: 'block' }],
  };
}

function model(
  name: string,
  frontEnd: FrontEndDocument,
  encoder: EncoderDocument,
  output: OutputDocument,
): ModelDocument {
  return {
    version: 1,
    name,
    sampleRate: 16000,
    maxSegmentSeconds: 20,
    frontEnd,
    encoder,
    tokenizer: { kind: 'pieces', special: output.output === 'ctc' ? [0] : [0, 1, 2] },
    card: { data: 'none: the weights are random and recognize nothing' },
    ...output,
  };
}
