// A Moonshine checkpoint small enough for tests, with a different value in every element.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestTensor, temporaryFolder, valuesFor, writeCheckpoint } from './files.js';

export const DIM = 16;
export const FEED_FORWARD = 32;
export const VOCABULARY = 12;

export const CONFIG = {
  model_type: 'moonshine',
  hidden_size: DIM,
  intermediate_size: FEED_FORWARD,
  vocab_size: VOCABULARY,
  encoder_num_hidden_layers: 1,
  encoder_num_attention_heads: 2,
  encoder_num_key_value_heads: 2,
  encoder_hidden_act: 'gelu',
  decoder_num_hidden_layers: 1,
  decoder_num_attention_heads: 2,
  decoder_num_key_value_heads: 2,
  decoder_hidden_act: 'silu',
  decoder_start_token_id: 1,
  eos_token_id: 2,
  attention_bias: false,
  tie_word_embeddings: true,
  partial_rotary_factor: 0.9,
  rope_theta: 5000,
};

export const PIECES = [
  '<unk>',
  '<s>',
  '</s>',
  '<0x41>',
  ...['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `\u2581${letter}`),
  'g',
  '<special>',
];

export type Tensors = Readonly<Record<string, TestTensor>>;

/** Tensors under the names of Hugging Face. */
export function moonshineTensors(encoder: string, decoder: string): Tensors {
  const shapes: Record<string, readonly number[]> = {
    [`${encoder}conv1.weight`]: [DIM, 1, 127],
    [`${encoder}conv2.weight`]: [2 * DIM, DIM, 7],
    [`${encoder}conv2.bias`]: [2 * DIM],
    [`${encoder}conv3.weight`]: [DIM, 2 * DIM, 3],
    [`${encoder}conv3.bias`]: [DIM],
    [`${encoder}groupnorm.weight`]: [DIM],
    [`${encoder}groupnorm.bias`]: [DIM],
    [`${encoder}layer_norm.weight`]: [DIM],
    [`${decoder}embed_tokens.weight`]: [VOCABULARY, DIM],
    [`${decoder}norm.weight`]: [DIM],
    ...layerShapes(`${encoder}layers.0.`, ['self_attn'], FEED_FORWARD),
    ...layerShapes(`${decoder}layers.0.`, ['self_attn', 'encoder_attn'], 2 * FEED_FORWARD),
    [`${decoder}layers.0.final_layernorm.weight`]: [DIM],
  };
  return fill(shapes, 1);
}

/** The tensors that the streaming training adds to an encoder of one block. */
export function streamingTensors(): Tensors {
  const shapes = {
    'encoder.conv.0.ln.weight': [DIM],
    'encoder.conv.0.p1.weight': [2 * DIM, DIM],
    'encoder.conv.0.p1.bias': [2 * DIM],
    'encoder.conv.0.dw.weight': [DIM, 1, 5],
    'encoder.conv.0.dw.bias': [DIM],
    'encoder.conv.0.n.weight': [DIM],
    'encoder.conv.0.n.bias': [DIM],
    'encoder.conv.0.p2.weight': [DIM, DIM],
    'encoder.conv.0.p2.bias': [DIM],
  };
  return {
    ...moonshineTensors('encoder.e.', 'decoder.'),
    ...fill(shapes, 1000),
    'encoder.mu0': { shape: [], values: [0.5] },
    'encoder.v0': { shape: [], values: [0.25] },
    'encoder.ps': { shape: [1], values: [-0.125] },
  };
}

/** A Hugging Face folder; `changes` replace fields of config.json. */
export async function moonshineFolder(
  tensors: Tensors = moonshineTensors('model.encoder.', 'model.decoder.'),
  changes: Readonly<Record<string, unknown>> = {},
  pieces: readonly string[] = PIECES,
): Promise<string> {
  const folder = await temporaryFolder();
  const tokenizer = {
    added_tokens: [0, 1, 2, 11].map((id) => ({ id, content: PIECES[id], special: true })),
    model: { type: 'BPE', vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])) },
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...CONFIG, ...changes }));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  const metadata = { license: 'MIT', script: '/home/somebody/train.py' };
  await writeCheckpoint(join(folder, 'model.safetensors'), tensors, metadata);
  return folder;
}

function layerShapes(
  prefix: string,
  attentions: readonly string[],
  width: number,
): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {
    [`${prefix}input_layernorm.weight`]: [DIM],
    [`${prefix}post_attention_layernorm.weight`]: [DIM],
    [`${prefix}mlp.fc1.weight`]: [width, DIM],
    [`${prefix}mlp.fc1.bias`]: [width],
    [`${prefix}mlp.fc2.weight`]: [DIM, FEED_FORWARD],
    [`${prefix}mlp.fc2.bias`]: [DIM],
  };
  for (const attention of attentions) {
    for (const letter of ['q', 'k', 'v', 'o']) {
      shapes[`${prefix}${attention}.${letter}_proj.weight`] = [DIM, DIM];
    }
  }
  return shapes;
}

function fill(shapes: Readonly<Record<string, readonly number[]>>, seed: number): Tensors {
  const entries = Object.entries(shapes).map(([name, shape], i) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return [name, { shape, values: valuesFor(count, seed + i) }] as const;
  });
  return Object.fromEntries(entries);
}
