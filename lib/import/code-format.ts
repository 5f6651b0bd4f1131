// How a weight matrix is held as codes and multiplied: the one description that plans, quantizers and
// model files share (docs/model-format.md).
import type { CodeBits } from './pack.js';

/**
 * How codes stand for weights, `w = scale * q - zero`: `symmetric` without a zero; `midRise` with
 * `-scale / 2`, so that codes lie on both sides of zero and none on it; `affine` with one of its own
 * for every scale.
 */
export type Scheme = 'symmetric' | 'midRise' | 'affine';

/** Every scheme, the default first. */
export const SCHEMES: readonly Scheme[] = ['symmetric', 'midRise', 'affine'];

/** Bits to which a matrix's inputs are rounded, row by row, while the engine runs; 32 keeps floats. */
export type ActivationBits = 8 | 4 | 32;

/** Every width of activations, the default first. */
export const ACTIVATION_BITS: readonly ActivationBits[] = [8, 4, 32];

/** How a model file holds the floats beside codes: scales, zeros, norms, biases, small convolutions. */
export type FloatStorage = 'float32' | 'float16';

/** Every way of holding floats, the default first. */
export const FLOAT_STORAGES: readonly FloatStorage[] = ['float32', 'float16'];

/** What decides how weights are rounded. */
export interface CodeGrid {
  readonly bits: CodeBits;
  /** Inputs that share a scale; divides the inputs of a matrix. */
  readonly groupSize: number;
  readonly scheme: Scheme;
  /** Of scales and zeros, which are rounded to it before codes are found; default `'float32'`. */
  readonly floats?: FloatStorage;
}

/** How a matrix is held, and what it is multiplied with. */
export interface CodeFormat extends CodeGrid {
  readonly activations: ActivationBits;
}

/** The largest code of that many bits; the least is one further from zero. */
export function largestCode(bits: CodeBits): number {
  return 2 ** (bits - 1) - 1;
}

/** Endings of the names of the float tensors that stand beside the codes, one value for a group. */
export function companionsOf(scheme: Scheme): readonly ('scale' | 'zero')[] {
  return scheme === 'affine' ? ['scale', 'zero'] : ['scale'];
}

/** What the manifest of a model file says of a matrix; what is the default is left out. */
export function manifestEntry(
  { bits, groupSize, scheme, activations }: CodeFormat,
  shape: readonly number[],
): Readonly<Record<string, unknown>> {
  return {
    ...{ bits, shape, groupSize },
    ...(scheme !== SCHEMES[0] && { scheme }),
    ...(activations !== ACTIVATION_BITS[0] && { activations }),
  };
}
