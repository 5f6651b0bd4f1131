// What each family makes of a checkpoint: every element in its place, every fact in the document.
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../lib/import/import-model.js';
import type { EncoderDocument, ModelDocument } from '../../../lib/import/model-document.js';
import { modelTensors } from '../../../lib/import/model-tensors.js';
import { RANDOM_MODELS } from '../../../lib/import/random-models.js';
import { temporaryFolder, writeCheckpoint } from './files.js';
import { type VerifiedModel, verifyModelFile } from './model-file-verifier.js';
import {
  DIM,
  moonshineFolder,
  moonshineTensors,
  PIECES,
  streamingTensors,
  type Tensors,
} from './tiny-moonshine.js';

async function imported(source: string, base?: string): Promise<VerifiedModel> {
  const output = join(await temporaryFolder(), 'model.safetensors');
  await importModel({ source, base, output, bits: 32 });
  return verifyModelFile(output);
}

function valuesOf(tensors: Tensors, ...names: string[]): number[] {
  return names.flatMap((name) => Array.from(tensors[name]?.values ?? []));
}

// [a][b][c] -> [a][c][b], element by element.
function swapped(
  values: readonly number[],
  [a, b, c]: readonly [number, number, number],
): number[] {
  const out: number[] = [];
  for (let i = 0; i < a; ++i) {
    for (let k = 0; k < c; ++k) {
      for (let j = 0; j < b; ++j) out.push(values[(i * b + j) * c + k] ?? Number.NaN);
    }
  }
  return out;
}

function expectMoonshine(model: VerifiedModel, tensors: Tensors, e: string, d: string): void {
  const expected: Record<string, number[]> = {
    'frontend.conv.0.weight': valuesOf(tensors, `${e}conv1.weight`),
    'frontend.conv.1.weight': swapped(valuesOf(tensors, `${e}conv2.weight`), [2 * DIM, DIM, 7]),
    'frontend.conv.2.weight': swapped(valuesOf(tensors, `${e}conv3.weight`), [DIM, 2 * DIM, 3]),
    'frontend.conv.1.bias': valuesOf(tensors, `${e}conv2.bias`),
    'frontend.norm.bias': valuesOf(tensors, `${e}groupnorm.bias`),
    'encoder.norm.weight': valuesOf(tensors, `${e}layer_norm.weight`),
    'decoder.embedding.weight': valuesOf(tensors, `${d}embed_tokens.weight`),
    'decoder.norm.weight': valuesOf(tensors, `${d}norm.weight`),
  };
  const attention = (of: string, letters: string) =>
    valuesOf(tensors, ...[...letters].map((letter) => `${of}.${letter}_proj.weight`));
  const blocks: readonly (readonly [string, string, string])[] = [
    ['encoder.layers.0.attention', `${e}layers.0.self_attn`, `${e}layers.0.input_layernorm`],
    ['decoder.layers.0.self', `${d}layers.0.self_attn`, `${d}layers.0.input_layernorm`],
  ];
  for (const [to, from, norm] of blocks) {
    expected[`${to}.qkv.weight`] = attention(from, 'qkv');
    expected[`${to}.out.weight`] = attention(from, 'o');
    expected[`${to}.norm.weight`] = valuesOf(tensors, `${norm}.weight`);
  }
  const cross = `${d}layers.0.encoder_attn`;
  expected['decoder.layers.0.cross.query.weight'] = attention(cross, 'q');
  expected['decoder.layers.0.cross.key_value.weight'] = attention(cross, 'kv');
  expected['decoder.layers.0.cross.out.weight'] = attention(cross, 'o');
  expected['decoder.layers.0.cross.norm.weight'] = valuesOf(
    tensors,
    `${d}layers.0.post_attention_layernorm.weight`,
  );
  for (const [to, from, norm] of [
    ['encoder.layers.0.ff', `${e}layers.0`, 'post_attention_layernorm'],
    ['decoder.layers.0.ff', `${d}layers.0`, 'final_layernorm'],
  ] as const) {
    expected[`${to}.norm.weight`] = valuesOf(tensors, `${from}.${norm}.weight`);
    expected[`${to}.in.weight`] = valuesOf(tensors, `${from}.mlp.fc1.weight`);
    expected[`${to}.in.bias`] = valuesOf(tensors, `${from}.mlp.fc1.bias`);
    expected[`${to}.out.weight`] = valuesOf(tensors, `${from}.mlp.fc2.weight`);
    expected[`${to}.out.bias`] = valuesOf(tensors, `${from}.mlp.fc2.bias`);
  }
  for (const [name, values] of Object.entries(expected)) {
    expect([...(model.floats.get(name) ?? [])], name).toEqual(values);
  }
}

// The optional biases that Moonshine and its descendants do without.
const ABSENT =
  /^(encoder\.norm|decoder\.norm|encoder\.layers\.\d+\.(attention|ff|conv)\.norm)\.bias$|\.attention\.(qkv|out)\.bias$|^frontend\.conv\.0\.bias$/;

function expectCompleteTensors(model: VerifiedModel): void {
  const wanted = modelTensors(model.document as ModelDocument);
  const sizes = new Map(wanted.map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)]));
  for (const [name, values] of model.floats) expect(values.length, name).toBe(sizes.get(name));
  for (const { name } of wanted) {
    if (!ABSENT.test(name)) expect(model.floats.has(name), name).toBe(true);
  }
}

describe('moonshine', () => {
  it('puts every weight in its place', async () => {
    const tensors = moonshineTensors('model.encoder.', 'model.decoder.');
    const model = await imported(await moonshineFolder(tensors));
    expectMoonshine(model, tensors, 'model.encoder.', 'model.decoder.');
    expectCompleteTensors(model);
    expect(model.pieces).toEqual(PIECES);
  });

  it('describes the offline model', async () => {
    const folder = await moonshineFolder();
    const { document } = await imported(folder);
    expect(document).toMatchObject({
      version: 1,
      name: basename(folder),
      sampleRate: 16000,
      maxSegmentSeconds: 30,
      frontEnd: { kind: 'waveform', norm: { kind: 'utterance', epsilon: 1e-5 } },
      encoder: {
        dim: 16,
        heads: 2,
        span: 'full',
        convKernel: 0,
        positions: 'rotary',
        rotaryDims: 6, // 0.9 of 8, rounded down to pairs
        rotaryTheta: 5000,
        layers: [{ kind: 'block' }],
      },
      output: 'attentionDecoder',
      decoder: { startToken: 1, endToken: 2, vocabulary: 12, rotaryDims: 6, alignmentHeads: [] },
      tokenizer: { kind: 'pieces', special: [0, 1, 2, 11] },
      card: { licence: 'MIT', importedFrom: 'moonshine' },
    });
    expect(JSON.stringify(document.card)).not.toContain('somebody');
  });

  it('reads rotary parameters where newer files have them', async () => {
    const changes = {
      partial_rotary_factor: undefined,
      rope_theta: undefined,
      rope_parameters: { rope_type: 'default', rope_theta: 77, partial_rotary_factor: 0.5 },
    };
    const { document } = await imported(await moonshineFolder(undefined, changes));
    expect(document.encoder).toMatchObject({ rotaryDims: 4, rotaryTheta: 77 });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ attention_bias: true }, 'MODEL_UNSUPPORTED'],
    [{ decoder_hidden_act: 'gelu' }, 'MODEL_UNSUPPORTED'],
    [{ encoder_hidden_act: 'relu' }, 'MODEL_UNSUPPORTED'],
    [{ encoder_num_key_value_heads: 1 }, 'MODEL_UNSUPPORTED'],
    [{ tie_word_embeddings: false }, 'MODEL_UNSUPPORTED'],
    [{ rope_parameters: { rope_type: 'linear' } }, 'MODEL_UNSUPPORTED'],
    [{ hidden_size: 16.5 }, 'MODEL_MALFORMED'],
    [{ hidden_size: undefined }, 'MODEL_MALFORMED'],
    [{ rope_theta: -1 }, 'MODEL_MALFORMED'],
    [{ hidden_size: 32 }, 'MODEL_SHAPE'],
    [{ vocab_size: 13 }, 'MODEL_SHAPE'],
    [{ decoder_num_hidden_layers: 2 }, 'MODEL_SHAPE'],
  ])('refuses config.json with %o', async (changes, code) => {
    const folder = await moonshineFolder(undefined, changes);
    await expect(imported(folder)).rejects.toMatchObject({ code });
  });

  it('refuses weights it has no place for, but not the tied output layer', async () => {
    const tensors = moonshineTensors('model.encoder.', 'model.decoder.');
    const extra = { shape: [1], values: [1] };
    await imported(await moonshineFolder({ ...tensors, 'proj_out.weight': extra }));
    const folder = await moonshineFolder({ ...tensors, 'model.encoder.adapter.weight': extra });
    await expect(imported(folder)).rejects.toThrow(/model\.encoder\.adapter\.weight/);
  });
});

describe('parrotlet-streaming', () => {
  async function checkpoint(
    tensors: Tensors = streamingTensors(),
    metadata: Record<string, string> = {},
  ): Promise<string> {
    const path = join(await temporaryFolder(), 'trial.safetensors');
    await writeCheckpoint(path, tensors, { licence: 'MIT', data: 'two books', ...metadata });
    return path;
  }

  async function withArchitecture(changes: Record<string, unknown>): Promise<EncoderDocument> {
    const chunk = { span: 'chunk', norm: 'running', left_frames: 100, prior_frames: 32 };
    const chunks = { chunk_frames: 8, chunk_choices: [4, 8], lookahead: [] };
    const architecture = JSON.stringify({ ...chunk, ...chunks, ...changes });
    const path = await checkpoint(streamingTensors(), { architecture });
    return (await imported(path, await moonshineFolder())).document.encoder;
  }

  it('puts every weight in its place', async () => {
    const tensors = streamingTensors();
    const model = await imported(await checkpoint(tensors), await moonshineFolder());
    expectMoonshine(model, tensors, 'encoder.e.', 'decoder.');
    expectCompleteTensors(model);
    const conv = (name: string) => [...(model.floats.get(`encoder.layers.0.conv.${name}`) ?? [])];
    const from = (name: string) => valuesOf(tensors, `encoder.conv.0.${name}`);
    expect(conv('depthwise.weight')).toEqual(swapped(from('dw.weight'), [1, DIM, 5]));
    for (const [to, name] of [
      ['norm.weight', 'ln.weight'],
      ['in.weight', 'p1.weight'],
      ['in.bias', 'p1.bias'],
      ['depthwise.bias', 'dw.bias'],
      ['depthwise_norm.weight', 'n.weight'],
      ['depthwise_norm.bias', 'n.bias'],
      ['out.weight', 'p2.weight'],
      ['out.bias', 'p2.bias'],
    ] as const) {
      expect(conv(to), to).toEqual(from(name));
    }
  });

  it('describes the streaming model', async () => {
    const { document } = await imported(await checkpoint(), await moonshineFolder());
    expect(document).toMatchObject({
      name: 'trial',
      maxSegmentSeconds: 20,
      frontEnd: {
        norm: { kind: 'running', priorFrames: 64, priorMean: 0.5, priorVariance: 0.25 },
      },
      encoder: {
        span: 'chunk',
        leftFrames: 426,
        chunkFrames: 27,
        chunkChoices: [13, 27, 53],
        convKernel: 5,
        memoryPositionScale: -0.125,
      },
      card: { licence: 'MIT', data: 'two books', importedFrom: 'parrotlet-streaming' },
    });
  });

  it('takes the architecture that the checkpoint names', async () => {
    expect(await withArchitecture({})).toMatchObject({
      span: 'chunk',
      leftFrames: 100,
      chunkFrames: 8,
      chunkChoices: [4, 8],
      layers: [{ kind: 'block' }],
    });
    expect(await withArchitecture({ again_frames: 6 })).toMatchObject({ lookaheadFrames: 6 });
    expect(await withArchitecture({ again_frames: 0 })).not.toHaveProperty('lookaheadFrames');
    const ahead = await withArchitecture({ span: 'frames', lookahead: [4] });
    expect(ahead).toMatchObject({ span: 'frames', layers: [{ kind: 'block', lookahead: 4 }] });
    expect(ahead).not.toHaveProperty('chunkFrames');
  });

  it.each([
    [{ span: 'full' }, /span "full" with norm "running"/],
    [{ norm: 'utterance' }, /norm "utterance"/],
    [{ left_frames: -1 }, /left_frames: a whole number from 0 to 4096/],
    [{ prior_frames: 0 }, /prior_frames: a whole number from 1/],
    [{ chunk_choices: [4, '8'] }, /chunk_choices: whole numbers from 1/],
    [{ chunk_frames: 5 }, /chunk_frames: one of chunk_choices/],
    [{ again_frames: -1 }, /again_frames: a whole number from 0/],
    [{ span: 'frames', lookahead: [4, 4] }, /lookahead: 1 numbers, one for each block/],
  ])('refuses the architecture %j', async (changes, message) => {
    await expect(withArchitecture(changes)).rejects.toThrow(message);
  });

  it('refuses an architecture that is no JSON', async () => {
    const path = await checkpoint(streamingTensors(), { architecture: 'chunk' });
    await expect(imported(path, await moonshineFolder())).rejects.toThrow(/not a JSON object/);
  });

  it('finds config.json beside the checkpoint, or asks for its folder', async () => {
    const beside = join(await moonshineFolder(), 'trial.safetensors');
    await writeCheckpoint(beside, streamingTensors());
    expect((await imported(beside)).document.name).toBe('trial');
    await expect(imported(await checkpoint())).rejects.toThrow(/option base/);
  });

  it('refuses a scalar that is none, and a block without its convolution', async () => {
    const base = await moonshineFolder();
    const wide = { ...streamingTensors(), 'encoder.v0': { shape: [2], values: [1, 2] } };
    await expect(imported(await checkpoint(wide), base)).rejects.toThrow(/"encoder.v0"/);
    const { 'encoder.conv.0.p1.bias': _, ...without } = streamingTensors();
    await expect(imported(await checkpoint(without), base)).rejects.toThrow(/p1\.bias/);
  });
});

describe('random', () => {
  it.each(['tiny-ctc', 'tiny-streaming', 'tiny-offline'])(
    'makes %s, complete and repeatable',
    async (name) => {
      const model = await imported(`random:${name}:7`);
      expect(model.document).toMatchObject({ ...RANDOM_MODELS.get(name), card: {} });
      expect([...model.floats.keys()].sort()).toEqual(
        modelTensors(model.document)
          .map((tensor) => tensor.name)
          .sort(),
      );
      const again = await imported(`random:${name}:7`);
      expect(again.bytes.equals(model.bytes)).toBe(true);
      const other = await imported(`random:${name}:8`);
      expect(other.floats.get('encoder.norm.weight')).not.toEqual(
        model.floats.get('encoder.norm.weight'),
      );
      expect(new Set(model.pieces).size).toBe(64);
    },
  );

  it('has Conformers of 8, 25 and 105 million parameters', () => {
    const millions = ['conformer-s', 'conformer-m', 'conformer-l'].map((name) => {
      const tensors = modelTensors(RANDOM_MODELS.get(name) as ModelDocument);
      const sizes = tensors.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
      return Math.round(sizes.reduce((a, b) => a + b, 0) / 1e6);
    });
    expect(millions).toEqual([8, 25, 105]);
  });

  it('names what there is when the name is unknown', async () => {
    await expect(imported('random:conformer-xl')).rejects.toThrow(/conformer-s, conformer-m/);
  });
});

describe('a source that no family knows', () => {
  it('is refused with a list of the families', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'config.json'), '{"model_type":"whisper"}');
    await expect(imported(folder)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
    await expect(imported(folder)).rejects.toThrow(/moonshine \(.*parrotlet-streaming \(/);
  });
});
