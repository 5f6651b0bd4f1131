// Random weights for every tensor of an architecture.
import type { ModelDocument } from './model-document.js';
import { type ModelTensor, modelTensors } from './model-tensors.js';
import type { TensorSource } from './tensor-source.js';

/**
 * Normal weights, scaled to keep the variance of activations; gains near one, biases near zero. The
 * same seed gives the same values, whatever is read in what order.
 */
export function randomTensors(document: ModelDocument, seed: number): TensorSource[] {
  return modelTensors(document).map((tensor, index) => ({
    name: tensor.name,
    shape: tensor.shape,
    quantizable: tensor.role === 'matrix',
    load: async () => randomValues(tensor, seed * 65537 + index),
  }));
}

function randomValues({ shape, role }: ModelTensor, seed: number): Float32Array {
  const next = uniform(seed);
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const [mean, deviation] = momentsOf(role, shape);
  for (let i = 0; i < values.length; i += 2) {
    // Box and Muller: two normal values from two uniform ones.
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    values[i] = mean + radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = mean + radius * Math.sin(angle);
  }
  return values;
}

function momentsOf(role: ModelTensor['role'], shape: readonly number[]): [number, number] {
  if (role === 'gain') return [1, 0.05];
  if (role === 'bias') return [0, 0.02];
  const inputs = role === 'matrix' ? shape[1]! : Math.min(...shape);
  return [0, 1 / Math.sqrt(inputs)];
}

// The generator mulberry32: uniform in [0, 1), period 2^32.
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
