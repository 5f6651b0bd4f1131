// The models that come with this package.
import path from 'node:path';
import { packageRoot } from './package-root.cjs';

/** Widths that the default model comes in. */
export const DEFAULT_MODEL_BITS = [2, 4, 8] as const;

/** Bits that most weights of the default model are held in. */
export type DefaultModelBits = (typeof DEFAULT_MODEL_BITS)[number];

/** Path of the model that `loadModel('default', { bits })` loads: English. */
export function defaultModelPath(bits: DefaultModelBits = 4): string {
  return path.join(packageRoot, 'models', `parrotlet-tiny-en-int${bits}.safetensors`);
}
