// What a model file spends its bytes on, and what attention multiplies besides weights.
import { readHeader } from '../accuracy/configurations.mjs';
import { PARTS } from './configurations.mjs';

const REST = 'norms, biases, first convolution';

/**
 * The bytes of a model file by part: [{part, weights, bytes, held}], codes, scales and zeros counted;
 * `held` tells bits, group, scheme and activations, the form that holds most of the part.
 */
export function partsOf(path) {
  const { tensors, document, headerBytes } = readHeader(path);
  return [...partsOfTensors(tensors, document.tensors ?? {}), ...textParts(tensors, headerBytes)];
}

export function partsOfTensors(tensors, manifest) {
  const parts = new Map();
  for (const [name, { shape, data_offsets: offsets, dtype }] of Object.entries(tensors)) {
    const owner = name.replace(/\.(scale|zero)$/, '');
    const codes = manifest[owner];
    if (dtype === 'U8' && !codes) continue; // text
    const part = PARTS.find(({ pattern }) => new RegExp(pattern).test(owner));
    const title = part?.name ?? REST;
    const entry = parts.get(title) ?? { part: title, weights: 0, bytes: 0, forms: new Map() };
    parts.set(title, entry);
    entry.bytes += offsets[1] - offsets[0];
    if (codes && owner !== name) continue; // scales and zeros are bytes, no weights
    const count = (codes?.shape ?? shape).reduce((product, size) => product * size, 1);
    entry.weights += count;
    const form = formOf(codes, dtype);
    entry.forms.set(form, (entry.forms.get(form) ?? 0) + count);
  }
  const order = [...PARTS.map(({ name }) => name), REST];
  return [...parts.values()]
    .sort((a, b) => order.indexOf(a.part) - order.indexOf(b.part))
    .map(({ forms, ...entry }) => ({ ...entry, held: mostOf(forms) }));
}

/** The form in which a matrix is held: "int4, groups of 32, affine, int4 activations". */
function formOf(codes, dtype) {
  if (!codes) return dtype === 'F16' ? 'float16' : 'float32';
  const { bits, groupSize, shape, scheme, activations = 8 } = codes;
  const words = [`int${bits}`, groupSize === shape[1] ? 'per channel' : `groups of ${groupSize}`];
  if (scheme && scheme !== 'symmetric') words.push(scheme === 'midRise' ? 'mid-rise' : scheme);
  if (activations !== 8) words.push(`${activations === 32 ? 'float' : 'int4'} activations`);
  return words.join(', ');
}

function mostOf(forms) {
  const [most, ...others] = [...forms].sort((a, b) => b[1] - a[1]);
  return others.length === 0 ? most[0] : `${most[0]} (mostly)`;
}

function textParts(tensors, headerBytes) {
  const pieces = tensors['tokenizer.pieces'];
  const bytes = pieces ? pieces.data_offsets[1] - pieces.data_offsets[0] : 0;
  return [{ part: 'word pieces and header', weights: 0, bytes: bytes + headerBytes, held: 'text' }];
}

/**
 * Multiplications for a second of audio in the encoder's blocks, at the default chunk once the left
 * context is full: by weights, and in attention (queries by keys, shares by values), whose keys and
 * values a session keeps in `cacheBytes`. Undefined for encoders that do not work in chunks.
 */
export function attentionProducts(path, frameSeconds) {
  const { tensors, document } = readHeader(path);
  const { encoder } = document;
  if (encoder.span !== 'chunk') return undefined;
  const blocks = encoder.layers.filter(({ kind }) => kind === 'block').length;
  const perFrame = 2 * encoder.dim * (encoder.leftFrames + encoder.chunkFrames) * blocks;
  const weights = Object.entries(tensors)
    .filter(([name]) => /^encoder\.layers\.\d+\..*\.(qkv|in|out)\.weight$/.test(name))
    .map(([name, { shape }]) => document.tensors[name]?.shape ?? shape)
    .reduce((sum, [outputs, inputs]) => sum + outputs * inputs, 0);
  return {
    byWeights: Math.round(weights / frameSeconds),
    inAttention: Math.round(perFrame / frameSeconds),
    cacheBytes: 4 * perFrame,
  };
}
