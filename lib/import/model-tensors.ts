// The tensors that an architecture has, from its document: the table of docs/model-format.md as code.
import type { DecoderDocument, EncoderDocument, ModelDocument } from './model-document.js';

/** A tensor an architecture has. */
export interface ModelTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * `matrix`: [outputs, inputs], may be quantized. `kernel`: other weights, always float32.
   * `gain`: a norm's weight or another factor around one. `bias`: added to something, around zero.
   */
  readonly role: 'matrix' | 'kernel' | 'gain' | 'bias';
}

/** Every tensor of a model except `tokenizer.pieces`, optional ones included. */
export function modelTensors(document: ModelDocument): ModelTensor[] {
  const { dim } = document.encoder;
  return [
    ...frontEndTensors(document),
    ...document.encoder.layers.flatMap((_, i) => layerTensors(document.encoder, i)),
    ...norm('encoder.norm', dim),
    ...(document.output === 'ctc'
      ? linear('ctc', document.ctc.vocabulary, dim)
      : decoderTensors(document.decoder, dim)),
  ];
}

function frontEndTensors({ frontEnd, encoder }: ModelDocument): ModelTensor[] {
  const { dim } = encoder;
  if (frontEnd.kind === 'logMel') {
    const { melBins } = frontEnd;
    return [
      { name: 'frontend.mel.mean', shape: [melBins], role: 'bias' },
      { name: 'frontend.mel.scale', shape: [melBins], role: 'gain' },
      ...(melBins === dim ? [] : linear('encoder.input', dim, melBins)),
    ];
  }
  const channels = frontEnd.convs[0]?.outChannels ?? dim;
  const width = frontEnd.convs.at(-1)?.outChannels ?? dim;
  return [
    ...frontEnd.convs.flatMap(({ inChannels, outChannels, kernel }, i) => {
      const [weight, bias] = linear(`frontend.conv.${i}`, outChannels, kernel * inChannels);
      return [i === 0 ? { ...weight, role: 'kernel' as const } : weight, bias];
    }),
    ...norm('frontend.norm', channels),
    ...(width === dim ? [] : linear('encoder.input', dim, width)),
  ];
}

function layerTensors(encoder: EncoderDocument, i: number): ModelTensor[] {
  const { dim, feedForward, convKernel } = encoder;
  const layer = encoder.layers[i]!;
  const prefix = `encoder.layers.${i}`;
  if (layer.kind === 'stacker') {
    return linear(`${prefix}.stack`, dim, (layer.past + 1 + layer.future) * dim);
  }
  return [
    ...(encoder.halfStepFeedForward ? feedForwardTensors(`${prefix}.ff1`, dim, feedForward) : []),
    ...norm(`${prefix}.attention.norm`, dim),
    ...linear(`${prefix}.attention.qkv`, 3 * dim, dim),
    ...linear(`${prefix}.attention.out`, dim, dim),
    ...relativeBias(encoder, prefix, layer.lookahead ?? 0),
    ...(convKernel > 0 ? convolutionTensors(`${prefix}.conv`, dim, convKernel) : []),
    ...feedForwardTensors(`${prefix}.ff`, dim, feedForward),
    ...(encoder.blockNorm ? norm(`${prefix}.norm`, dim) : []),
  ];
}

function relativeBias(encoder: EncoderDocument, prefix: string, lookahead: number): ModelTensor[] {
  if (encoder.positions !== 'relativeBias') return [];
  const { heads, leftFrames = 0, chunkChoices = [1] } = encoder;
  const ahead = encoder.span === 'chunk' ? Math.max(...chunkChoices) - 1 : lookahead;
  const shape = [heads, leftFrames + 1 + ahead];
  return [{ name: `${prefix}.attention.relative_bias`, shape, role: 'bias' }];
}

function convolutionTensors(prefix: string, dim: number, kernel: number): ModelTensor[] {
  return [
    ...norm(`${prefix}.norm`, dim),
    ...linear(`${prefix}.in`, 2 * dim, dim),
    { name: `${prefix}.depthwise.weight`, shape: [kernel, dim], role: 'kernel' },
    { name: `${prefix}.depthwise.bias`, shape: [dim], role: 'bias' },
    ...norm(`${prefix}.depthwise_norm`, dim),
    ...linear(`${prefix}.out`, dim, dim),
  ];
}

function decoderTensors(decoder: DecoderDocument, memoryDim: number): ModelTensor[] {
  const { dim, feedForward, layers, vocabulary } = decoder;
  const tensors: ModelTensor[] = [
    { name: 'decoder.embedding.weight', shape: [vocabulary, dim], role: 'matrix' },
  ];
  for (let i = 0; i < layers; ++i) {
    const prefix = `decoder.layers.${i}`;
    tensors.push(
      ...weightOf(norm(`${prefix}.self.norm`, dim)),
      ...weightOf(linear(`${prefix}.self.qkv`, 3 * dim, dim)),
      ...weightOf(linear(`${prefix}.self.out`, dim, dim)),
      ...weightOf(norm(`${prefix}.cross.norm`, dim)),
      ...weightOf(linear(`${prefix}.cross.query`, dim, dim)),
      ...weightOf(linear(`${prefix}.cross.key_value`, 2 * dim, memoryDim)),
      ...weightOf(linear(`${prefix}.cross.out`, dim, dim)),
      ...weightOf(norm(`${prefix}.ff.norm`, dim)),
      ...linear(`${prefix}.ff.in`, 2 * feedForward, dim),
      ...linear(`${prefix}.ff.out`, dim, feedForward),
    );
  }
  return [...tensors, ...norm('decoder.norm', dim)];
}

function feedForwardTensors(prefix: string, dim: number, feedForward: number): ModelTensor[] {
  return [
    ...norm(`${prefix}.norm`, dim),
    ...linear(`${prefix}.in`, feedForward, dim),
    ...linear(`${prefix}.out`, dim, feedForward),
  ];
}

function linear(prefix: string, outputs: number, inputs: number): [ModelTensor, ModelTensor] {
  return [
    { name: `${prefix}.weight`, shape: [outputs, inputs], role: 'matrix' },
    { name: `${prefix}.bias`, shape: [outputs], role: 'bias' },
  ];
}

function norm(prefix: string, dim: number): [ModelTensor, ModelTensor] {
  return [
    { name: `${prefix}.weight`, shape: [dim], role: 'gain' },
    { name: `${prefix}.bias`, shape: [dim], role: 'bias' },
  ];
}

function weightOf([weight]: readonly [ModelTensor, ModelTensor]): [ModelTensor] {
  return [weight];
}
