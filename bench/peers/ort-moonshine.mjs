// Moonshine tiny as its makers ship it for ONNX Runtime (int8): greedy, a whole recording a step.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { openOnnx } from './ort.mjs';

const START = 1;
const END = 2;
const HEADS = 8;
const HEAD_DIM = 36;
const TOKENS_PER_SECOND = 6.5;
const SAMPLE_RATE = 16_000;

/** A stepper (bench/node/subjects.mjs) over the folder with the three files of the model. */
export async function openOrtMoonshine({ file: folder, recordings }) {
  const encoder = await openOnnx(join(folder, 'encoder_model.ort'));
  const decoder = await openOnnx(join(folder, 'decoder_model_merged.ort'));
  const pieces = readPieces(join(folder, 'tokenizer.bin'));
  return {
    stepSeconds: (k) => at(recordings, k).samples.length / SAMPLE_RATE,
    stateBytes: null, // the decoder's caches grow with the recording
    async step(k) {
      return toText(await transcribe(encoder, decoder, at(recordings, k).samples), pieces);
    },
    close: () => Promise.all([encoder.release(), decoder.release()]),
  };
}

const at = (items, k) => items[k % items.length];

async function transcribe(encoder, decoder, samples) {
  // The mask counts samples for the encoder and the decoder alike.
  const mask = new Tensor('int64', new BigInt64Array(samples.length).fill(1n), [1, samples.length]);
  const input = new Tensor('float32', samples, [1, samples.length]);
  const { last_hidden_state: memory } = await encoder.run({
    input_values: input,
    attention_mask: mask,
  });
  const cacheNames = decoder.inputNames.filter((name) => name.startsWith('past_key_values.'));
  const empty = () => new Tensor('float32', new Float32Array(0), [1, HEADS, 0, HEAD_DIM]);
  const caches = Object.fromEntries(cacheNames.map((name) => [name, empty()]));
  const limit = Math.floor((samples.length / SAMPLE_RATE) * TOKENS_PER_SECOND) + 8;
  const tokens = [];
  for (let token = START; tokens.length < limit; ) {
    // The first call has no caches to use and fills those of the encoder; later calls leave
    // these as they are, and what they return in their place is empty.
    const first = tokens.length === 0;
    const out = await decoder.run({
      input_ids: new Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]),
      encoder_hidden_states: memory,
      encoder_attention_mask: mask,
      use_cache_branch: new Tensor('bool', [!first], [1]),
      ...caches,
    });
    token = argmax(out.logits.data);
    if (token === END) break;
    tokens.push(token);
    for (const name of cacheNames) {
      if (first || name.includes('.decoder.')) {
        caches[name] = out[name.replace('past_key_values', 'present')];
      }
    }
  }
  return tokens;
}

function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** tokenizer.bin: for every id a length (one byte, or two from 128 on), then that many bytes. */
function readPieces(path) {
  const bytes = readFileSync(path);
  const pieces = [];
  for (let i = 0; i < bytes.length; ) {
    let length = bytes[i++];
    if (length >= 128) length = bytes[i++] * 128 + length - 128;
    pieces.push(bytes.subarray(i, i + length));
    i += length;
  }
  return pieces;
}

const toText = (tokens, pieces) =>
  Buffer.concat(tokens.map((token) => pieces[token]))
    .toString('utf8')
    .replaceAll('\u2581', ' ')
    .trim();
