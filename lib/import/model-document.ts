// The document of a model file, as docs/model-format.md describes it.

export type Activation = 'none' | 'gelu' | 'silu' | 'tanh';

/** One strided convolution over the waveform, no padding. */
export interface ConvDocument {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly activation: Activation;
}

export type NormDocument =
  | { readonly kind: 'utterance'; readonly epsilon: number }
  | {
      readonly kind: 'running';
      readonly epsilon: number;
      readonly priorFrames: number;
      readonly priorMean: number;
      readonly priorVariance: number;
    };

export type FrontEndDocument =
  | {
      readonly kind: 'waveform';
      readonly convs: readonly ConvDocument[];
      readonly norm: NormDocument;
    }
  | {
      readonly kind: 'logMel';
      readonly window: number;
      readonly hop: number;
      readonly fft: number;
      readonly melBins: number;
      readonly lowHz: number;
      readonly highHz: number;
      readonly preEmphasis: number;
      readonly logFloor: number;
    };

export type EncoderLayerDocument =
  | { readonly kind: 'block'; readonly lookahead?: number }
  | {
      readonly kind: 'stacker';
      readonly past: number;
      readonly future: number;
      readonly stride: number;
    };

export interface EncoderDocument {
  readonly dim: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly activation: Activation;
  readonly halfStepFeedForward: boolean;
  readonly blockNorm: boolean;
  readonly convKernel: number;
  readonly normEpsilon: number;
  readonly span: 'full' | 'chunk' | 'frames';
  readonly leftFrames?: number;
  readonly chunkFrames?: number;
  readonly chunkChoices?: readonly number[];
  readonly lookaheadFrames?: number;
  readonly positions: 'none' | 'rotary' | 'relativeBias' | 'sinusoidal';
  readonly rotaryDims?: number;
  readonly rotaryTheta?: number;
  readonly memoryPositionScale: number;
  readonly layers: readonly EncoderLayerDocument[];
}

export interface DecoderDocument {
  readonly dim: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly layers: number;
  readonly rotaryDims: number;
  readonly rotaryTheta: number;
  readonly normEpsilon: number;
  readonly vocabulary: number;
  readonly startToken: number;
  readonly endToken: number;
  readonly tokensPerSecond: number;
  /** Pairs of layer and head whose cross-attention follows time. */
  readonly alignmentHeads: readonly (readonly [layer: number, head: number])[];
}

export type OutputDocument =
  | { readonly output: 'attentionDecoder'; readonly decoder: DecoderDocument }
  | {
      readonly output: 'ctc';
      readonly ctc: { readonly vocabulary: number; readonly blank: number };
    };

/** How probabilities of words become confidences: see docs/model-format.md. */
export interface ConfidenceDocument {
  /** Of log-odds, 0.01 to 100. */
  readonly scale: number;
  /** Added to them, -100 to 100. */
  readonly bias: number;
  /** Mean confidence below which a text is taken for noise, 0 (the default) to 1. */
  readonly least?: number;
}

/** Free-form facts about a model's origin. */
export type ModelCard = Readonly<Record<string, unknown>>;

/** All of a document but the manifest of quantized tensors, which the writer adds. */
export type ModelDocument = {
  readonly version: 1;
  readonly name: string;
  readonly sampleRate: number;
  readonly maxSegmentSeconds: number;
  readonly frontEnd: FrontEndDocument;
  readonly encoder: EncoderDocument;
  readonly tokenizer: { readonly kind: 'pieces'; readonly special: readonly number[] };
  readonly confidence?: ConfidenceDocument;
  readonly card: ModelCard;
} & OutputDocument;
