// What is measured: every model file with every chunk it offers, and the product's default path.
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The model files in a folder, with what their headers say about the weights. */
export function listModels(folder) {
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith('.safetensors'))
    : [];
  if (names.length === 0) {
    throw new Error(`There is no model file (*.safetensors) in ${folder}; give one with --models.`);
  }
  return names.sort().map((name) => describeModel(join(folder, name)));
}

/**
 * Sessions to run a model in: `whole` (a recording is one segment, nothing is said before its end,
 * greedy search) for every chunk; `file` (the defaults of `transcribe`: pauses end segments, each heard as
 * a whole); and of a streaming model `once` (like `whole`, but without look-ahead, if there is any by
 * default), `live` (the defaults of a session: chunks, and partials as well) and `two-pass` (the same with
 * `secondPass`).
 */
export function configurationsOf(model, info) {
  const atOnce = { pauses: false, partials: false, words: false, beam: 1 };
  const whole = [...info.chunkMs, 'segment'].map((chunkMs) => ({
    mode: 'whole',
    chunkMs,
    options: { ...atOnce, chunkMs },
  }));
  const looksAhead = info.defaultLookAheadMs > 0;
  const once = (looksAhead ? info.chunkMs : []).map((chunkMs) => ({
    mode: 'once',
    chunkMs,
    options: { ...atOnce, chunkMs, lookAheadMs: 0 },
  }));
  const file = { mode: 'file', chunkMs: 'segment', options: {} };
  const chunkMs = info.defaultChunkMs;
  const live = [
    { mode: 'live', chunkMs, options: { partials: true } },
    { mode: 'two-pass', chunkMs, options: { partials: true, secondPass: true } },
  ];
  return [...whole, ...once, file, ...(info.chunkMs.length > 0 ? live : [])].map((one) => ({
    ...one,
    model,
    id: `${model.sha256.slice(0, 12)}-${one.mode}-${one.chunkMs}`,
  }));
}

/**
 * What the header of a model file says: {path, name, sha256, fileBytes, bits, groupSize, scheme,
 * activations}; the last four are those of the most quantized weights.
 */
export function describeModel(path) {
  const { parrotlet, document } = readHeader(path);
  if (document === undefined || parrotlet.format !== 'parrotlet') {
    throw new Error(`${path} is no parrotlet model; "parrotlet import" makes one.`);
  }
  const matrices = Object.values(document.tensors ?? {});
  return {
    path,
    name: basename(path, '.safetensors'),
    sha256: parrotlet.sha256,
    fileBytes: statSync(path).size,
    bits: mostWeights(matrices, ({ bits }) => bits) ?? 32,
    groupSize: mostWeights(matrices, ({ groupSize, shape }) =>
      groupSize === shape[1] ? 'channel' : groupSize,
    ),
    scheme: mostWeights(matrices, ({ scheme = 'symmetric' }) => scheme),
    activations: mostWeights(matrices, ({ activations = 8 }) => activations),
  };
}

/** The header of a model file: {parrotlet, document, tensors, headerBytes}. */
export function readHeader(path) {
  const file = openSync(path, 'r');
  try {
    const length = Buffer.alloc(8);
    readSync(file, length, 0, 8, 0);
    const bytes = Buffer.alloc(Math.min(Number(length.readBigUInt64LE()), 4 << 20));
    readSync(file, bytes, 0, bytes.length, 8);
    const { __metadata__: parrotlet = {}, ...tensors } = JSON.parse(bytes.toString('utf8'));
    const document = parrotlet.document && JSON.parse(parrotlet.document);
    return { parrotlet, document, tensors, headerBytes: 8 + bytes.length };
  } finally {
    closeSync(file);
  }
}

/** The value of `property` that the most weights share; undefined where nothing is quantized. */
function mostWeights(matrices, property) {
  const weights = new Map();
  for (const matrix of matrices) {
    const value = property(matrix);
    const count = matrix.shape[0] * matrix.shape[1];
    weights.set(value, (weights.get(value) ?? 0) + count);
  }
  return [...weights].sort((a, b) => b[1] - a[1])[0]?.[0];
}
