// The streaming Conformer of make_onnx.py in ONNX Runtime, a chunk of 4 frames a step.
import { Tensor } from 'onnxruntime-node';
import { openOnnx } from './ort.mjs';

const CHUNK_SECONDS = 0.16;

/** A stepper (bench/node/subjects.mjs) over one ONNX file. */
export async function openOrtConformer({ file }) {
  const session = await openOnnx(file);
  const inputs = session.inputMetadata;
  const caches = inputs.filter(({ name }) => name !== 'x');
  const { shape } = inputs.find(({ name }) => name === 'x');
  const features = Float32Array.from({ length: product(shape) }, (_, i) => Math.sin(i * 0.7));
  let state = Object.fromEntries(caches.map((cache) => [cache.name, zeros(cache.shape)]));
  return {
    stepSeconds: () => CHUNK_SECONDS,
    stateBytes: caches.reduce((sum, cache) => sum + 4 * product(cache.shape), 0),
    async step() {
      const out = await session.run({ x: new Tensor('float32', features, shape), ...state });
      state = Object.fromEntries(caches.map(({ name }) => [name, out[`new_${name}`]]));
    },
    close: () => session.release(),
  };
}

const product = (shape) => shape.reduce((a, b) => a * b, 1);
const zeros = (shape) => new Tensor('float32', new Float32Array(product(shape)), shape);
