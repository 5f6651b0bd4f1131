// Reads the config.json of a Hugging Face Moonshine model.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ParrotletError } from '../../errors.js';
import type { Activation } from '../model-document.js';
import { readTokenizerJson, type TokenizerPieces } from '../tokenizer-pieces.js';

/** A Moonshine architecture in numbers. */
export interface MoonshineConfig {
  readonly dim: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly encoderLayers: number;
  readonly encoderHeads: number;
  readonly encoderActivation: Activation;
  readonly decoderLayers: number;
  readonly decoderHeads: number;
  readonly startToken: number;
  readonly endToken: number;
  readonly rotaryFactor: number;
  readonly rotaryTheta: number;
}

/** The fields of config.json that are read; none is trusted. */
interface ConfigJson extends RopeJson {
  readonly model_type?: unknown;
  readonly hidden_size?: unknown;
  readonly intermediate_size?: unknown;
  readonly vocab_size?: unknown;
  readonly encoder_num_hidden_layers?: unknown;
  readonly encoder_num_attention_heads?: unknown;
  readonly encoder_num_key_value_heads?: unknown;
  readonly encoder_hidden_act?: unknown;
  readonly decoder_num_hidden_layers?: unknown;
  readonly decoder_num_attention_heads?: unknown;
  readonly decoder_num_key_value_heads?: unknown;
  readonly decoder_hidden_act?: unknown;
  readonly decoder_start_token_id?: unknown;
  readonly eos_token_id?: unknown;
  readonly attention_bias?: unknown;
  readonly tie_word_embeddings?: unknown;
  readonly rope_parameters?: RopeJson;
}

/** Older files have these beside the rest, newer ones in `rope_parameters`. */
interface RopeJson {
  readonly partial_rotary_factor?: unknown;
  readonly rope_theta?: unknown;
  readonly rope_type?: unknown;
}

/** Whether `folder` has the config.json of a Moonshine model. */
export async function isMoonshineFolder(folder: string): Promise<boolean> {
  try {
    const json = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as unknown;
    return (json as ConfigJson | null)?.model_type === 'moonshine';
  } catch {
    return false;
  }
}

/**
 * Reads config.json and tokenizer.json of a Hugging Face folder.
 *
 * @throws ParrotletError `MODEL_NOT_FOUND`, `MODEL_MALFORMED`, `MODEL_UNSUPPORTED`, and what
 *   {@link readTokenizerJson} throws.
 */
export async function readMoonshineFolder(
  folder: string,
): Promise<{ readonly config: MoonshineConfig; readonly tokenizer: TokenizerPieces }> {
  const config = parseConfig(await readText(folder, 'config.json'));
  const tokenizer = readTokenizerJson(await readText(folder, 'tokenizer.json'));
  if (tokenizer.count !== config.vocabulary) {
    throw new ParrotletError(
      'MODEL_SHAPE',
      `tokenizer.json has ${tokenizer.count} pieces, but config.json says ` +
        `${config.vocabulary}: they belong to different models.`,
    );
  }
  return { config, tokenizer };
}

/** Rotary dimensions of each head: its share, rounded down to whole pairs. */
export function rotaryDims(config: MoonshineConfig, heads: number): number {
  return Math.floor(((config.dim / heads) * config.rotaryFactor) / 2) * 2;
}

function parseConfig(text: string): MoonshineConfig {
  const json = parseJson(text);
  const rope = json.rope_parameters ?? json;
  const config: MoonshineConfig = {
    dim: count(json, 'hidden_size'),
    feedForward: count(json, 'intermediate_size'),
    vocabulary: count(json, 'vocab_size'),
    encoderLayers: count(json, 'encoder_num_hidden_layers'),
    encoderHeads: count(json, 'encoder_num_attention_heads'),
    encoderActivation: activation(json.encoder_hidden_act ?? 'gelu'),
    decoderLayers: count(json, 'decoder_num_hidden_layers'),
    decoderHeads: count(json, 'decoder_num_attention_heads'),
    startToken: count(json, 'decoder_start_token_id', 0),
    endToken: count(json, 'eos_token_id', 0),
    rotaryFactor: positive(rope.partial_rotary_factor ?? 0.9, 'partial_rotary_factor'),
    rotaryTheta: positive(rope.rope_theta ?? 10000, 'rope_theta'),
  };
  checkSupported(json, rope, config);
  return config;
}

function checkSupported(json: ConfigJson, rope: RopeJson, config: MoonshineConfig): void {
  const expected: readonly (readonly [string, unknown, unknown])[] = [
    ['model_type', json.model_type, 'moonshine'],
    ['attention_bias', json.attention_bias ?? false, false],
    ['decoder_hidden_act', json.decoder_hidden_act ?? 'silu', 'silu'],
    ['tie_word_embeddings', json.tie_word_embeddings ?? true, true],
    ['rope_type', rope.rope_type ?? 'default', 'default'],
    [
      'encoder_num_key_value_heads',
      json.encoder_num_key_value_heads ?? config.encoderHeads,
      config.encoderHeads,
    ],
    [
      'decoder_num_key_value_heads',
      json.decoder_num_key_value_heads ?? config.decoderHeads,
      config.decoderHeads,
    ],
  ];
  for (const [name, found, supported] of expected) {
    if (found === supported) continue;
    throw new ParrotletError(
      'MODEL_UNSUPPORTED',
      `config.json: ${name} is ${JSON.stringify(found)}; the importer knows only ` +
        `${JSON.stringify(supported)}.`,
    );
  }
}

function activation(value: unknown): Activation {
  if (value === 'gelu' || value === 'silu') return value;
  throw new ParrotletError(
    'MODEL_UNSUPPORTED',
    `config.json: encoder_hidden_act is ${JSON.stringify(value)}; it must be "gelu" or "silu".`,
  );
}

function count(json: ConfigJson, name: keyof ConfigJson, least = 1): number {
  const value = json[name];
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw malformed(`${name} must be a whole number from ${least}, not ${JSON.stringify(value)}`);
}

function positive(value: unknown, name: string): number {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw malformed(`${name} must be a positive number, not ${JSON.stringify(value)}`);
}

function parseJson(text: string): ConfigJson {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw malformed((cause as Error).message);
  }
  throw malformed('it is not an object');
}

async function readText(folder: string, file: string): Promise<string> {
  return readFile(join(folder, file), 'utf8').catch((cause: Error) => {
    throw new ParrotletError(
      'MODEL_NOT_FOUND',
      `Cannot read ${file} in ${folder}: ${cause.message}. A Hugging Face folder has it.`,
      { cause },
    );
  });
}

function malformed(fault: string): ParrotletError {
  return new ParrotletError('MODEL_MALFORMED', `config.json is not what it must be: ${fault}.`);
}
