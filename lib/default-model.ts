// The model that comes with this package.
import path from 'node:path';
import { packageRoot } from './package-root.cjs';

/** Path of the model that `loadModel('default')` loads: 4-bit weights, English. */
export const defaultModelPath = path.join(
  packageRoot,
  'models',
  'moonshine-tiny-streaming-int4.safetensors',
);
