// Decides, before anything is written, how each weight matrix will be held.
import { ParrotletError } from '../errors.js';
import {
  ACTIVATION_BITS,
  type ActivationBits,
  FLOAT_STORAGES,
  type FloatStorage,
  SCHEMES,
  type Scheme,
} from './code-format.js';
import type { Clip } from './group-scales.js';
import type { TensorEntry } from './model-layout.js';
import type { CodeBits } from './pack.js';
import type { TensorSource } from './tensor-source.js';

/** Bits of a weight; 32 keeps it as float32. */
export type WeightBits = 32 | CodeBits;

/** Where scales come from: a clip, or the checkpoint. */
export type ScaleChoice = Clip | 'stored';

/**
 * Inputs that share a scale: a multiple of 16; `'channel'`: all of an output's; `'split:3'`: a third of
 * them, whatever their number.
 */
export type GroupSize = number | 'channel' | `split:${number}`;

/** How a weight matrix is to be held. */
export interface PlanChoice {
  readonly bits?: WeightBits;
  /** Default `'symmetric'`. */
  readonly scheme?: Scheme;
  /** Default 8. */
  readonly activations?: ActivationBits;
  /** Default `'channel'`. */
  readonly groupSize?: GroupSize;
  /** What happens where `groupSize` does not divide the inputs; default `'error'`. */
  readonly indivisible?: 'error' | 'channel';
  /** Default `'search'`; `'stored'` takes scales and zeros from the checkpoint. */
  readonly clip?: ScaleChoice;
}

/** What holds for a whole file, and for its matrices where no rule does. */
export interface PlanDefaults extends PlanChoice {
  /** Of scales, zeros and what is no weight matrix; default `'float32'`. */
  readonly floats?: FloatStorage;
}

/** A choice for the matrices whose names match. */
export interface PlanRule extends PlanChoice {
  /** A glob (`encoder.layers.*.attention.*`; a star stands for any text), or `/a regex/`. */
  readonly match: string;
}

/** What was decided for one tensor. */
export interface PlannedTensor {
  readonly source: TensorSource;
  readonly entry: TensorEntry;
  readonly clip: ScaleChoice;
  /** Whether the group size did not divide the inputs, and one scale per channel stands in. */
  readonly groupFallback: boolean;
}

/** The multiple in which kernels walk the inputs; groups must be whole multiples of it. */
const GROUP_STEP = 16;

const DEFAULT_CHOICE: Required<PlanChoice> = {
  bits: 4,
  scheme: 'symmetric',
  activations: 8,
  groupSize: 'channel',
  indivisible: 'error',
  clip: 'search',
};

/**
 * Applies the first rule that matches each matrix, over `defaults`.
 *
 * @throws ParrotletError `INVALID_ARGUMENT` for a choice out of range, a rule that matches nothing,
 *   or a group size that does not divide a matrix's inputs.
 */
export function planTensors(
  sources: readonly TensorSource[],
  { floats = 'float32', ...defaults }: PlanDefaults,
  rules: readonly PlanRule[],
): PlannedTensor[] {
  if (!FLOAT_STORAGES.includes(floats)) {
    throw badChoice('floats', FLOAT_STORAGES.map((name) => `"${name}"`).join(' or '), floats);
  }
  const used = new Set<PlanRule>();
  const matchers = rules.map((rule) => ({ rule, pattern: toPattern(rule.match) }));
  const planned = sources.map((source) => {
    if (!source.quantizable) return asFloat(source, floats);
    const hit = matchers.find(({ pattern }) => pattern.test(source.name));
    if (hit) used.add(hit.rule);
    return planMatrix(source, checked({ ...DEFAULT_CHOICE, ...defaults, ...hit?.rule }), floats);
  });
  const unused = rules.find((rule) => !used.has(rule));
  if (unused) {
    throw new ParrotletError(
      'INVALID_ARGUMENT',
      `The plan's rule "${unused.match}" decides no weight matrix of this model: it matches none, ` +
        'or rules before it match first. Remove or correct it.',
    );
  }
  return planned;
}

/**
 * Reads a plan: a JSON array of rules.
 *
 * @throws ParrotletError `INVALID_ARGUMENT`.
 */
export function parsePlan(text: string): PlanRule[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ParrotletError('INVALID_ARGUMENT', `The plan is not JSON: ${cause}`, { cause });
  }
  if (!Array.isArray(value)) {
    throw new ParrotletError('INVALID_ARGUMENT', 'The plan must be a JSON array of rules.');
  }
  return value.map((rule: unknown) => {
    if (typeof rule !== 'object' || rule === null) throw badRule(rule, 'it is not an object');
    const unknown = Object.keys(rule).find(
      (key) => key !== 'match' && !Object.hasOwn(DEFAULT_CHOICE, key),
    );
    if (unknown !== undefined) throw badRule(rule, `"${unknown}" is no field of a rule`);
    const { match } = rule as { match?: unknown };
    if (typeof match !== 'string') throw badRule(rule, 'it has no "match"');
    checked({ ...DEFAULT_CHOICE, ...rule });
    return rule as PlanRule;
  });
}

function planMatrix(
  source: TensorSource,
  choice: Required<PlanChoice>,
  floats: FloatStorage,
): PlannedTensor {
  const { bits, scheme, activations, clip } = choice;
  const [rows, depth] = source.shape;
  if (bits === 32 || rows === undefined || depth === undefined) return asFloat(source, 'float32');
  const wanted = groupIn(depth, choice.groupSize);
  if (wanted === undefined && choice.indivisible === 'error') {
    throw new ParrotletError(
      'INVALID_ARGUMENT',
      `${groupsAsked(choice.groupSize)} the ${depth} inputs of "${source.name}". Choose another ` +
        'group size, or let such matrices have one scale per channel (indivisible: "channel").',
    );
  }
  if (clip === 'stored' && source.stored === undefined) {
    throw new ParrotletError(
      'INVALID_ARGUMENT',
      `There are no stored scales for "${source.name}": the clip "stored" takes them from ` +
        'checkpoints that training exported.',
    );
  }
  const groupSize = wanted ?? depth;
  const shape = [rows, depth] as const;
  const format = { bits, groupSize, scheme, activations, ...storage(floats) };
  const entry = { name: source.name, kind: 'codes', shape, ...format } as const;
  return { source, entry, clip, groupFallback: wanted === undefined };
}

/** The inputs of a group among `depth`; undefined where they cannot be shared out so. */
function groupIn(depth: number, asked: GroupSize): number | undefined {
  if (asked === 'channel') return depth;
  const parts = partsOf(asked);
  const group = parts === undefined ? Number(asked) : depth / parts;
  const fits = group === depth || group % GROUP_STEP === 0;
  return depth % group === 0 && fits ? group : undefined;
}

/** N of `split:N`. */
function partsOf(asked: unknown): number | undefined {
  const [, parts] = /^split:([1-9]\d*)$/.exec(String(asked)) ?? [];
  return parts === undefined ? undefined : Number(parts);
}

function groupsAsked(asked: GroupSize): string {
  const parts = partsOf(asked);
  if (parts === undefined) return `Groups of ${asked} do not divide`;
  return `${parts} groups, each of a multiple of ${GROUP_STEP}, do not share out`;
}

function asFloat(source: TensorSource, floats: FloatStorage): PlannedTensor {
  const { name, shape } = source;
  const entry = { name, kind: 'float', shape, ...storage(floats) } as const;
  return { source, entry, clip: 'search', groupFallback: false };
}

// Entries say only what is not the default.
function storage(floats: FloatStorage): { readonly floats?: FloatStorage } {
  return floats === FLOAT_STORAGES[0] ? {} : { floats };
}

function checked(choice: object): Required<PlanChoice> {
  const { bits, scheme, activations, groupSize, indivisible, clip } = choice as Record<
    string,
    unknown
  >;
  if (![32, 8, 4, 2].includes(bits as number)) throw badChoice('bits', '32, 8, 4 or 2', bits);
  if (!SCHEMES.includes(scheme as Scheme)) {
    throw badChoice('scheme', `one of ${SCHEMES.join(', ')}`, scheme);
  }
  if (!ACTIVATION_BITS.includes(activations as ActivationBits)) {
    throw badChoice('activations', '8, 4 or 32', activations);
  }
  const isGroup =
    groupSize === 'channel' ||
    partsOf(groupSize) !== undefined ||
    (Number.isSafeInteger(groupSize) &&
      (groupSize as number) > 0 &&
      (groupSize as number) % GROUP_STEP === 0);
  if (!isGroup) {
    throw badChoice(
      'groupSize',
      `"channel", "split:" and a number of groups, or a multiple of ${GROUP_STEP}`,
      groupSize,
    );
  }
  if (indivisible !== 'error' && indivisible !== 'channel') {
    throw badChoice('indivisible', '"error" or "channel"', indivisible);
  }
  const isRatio = typeof clip === 'number' && clip > 0 && clip <= 1;
  if (clip !== 'search' && clip !== 'max' && clip !== 'stored' && !isRatio) {
    throw badChoice('clip', '"search", "max", "stored" or a number above 0 up to 1', clip);
  }
  return choice as Required<PlanChoice>;
}

function toPattern(match: string): RegExp {
  const regex = /^\/(.*)\/$/s.exec(match)?.[1];
  try {
    if (regex !== undefined) return new RegExp(regex);
  } catch (cause) {
    throw badRule({ match }, (cause as Error).message);
  }
  const escaped = match.split('*').map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`);
}

function badChoice(name: string, expected: string, value: unknown): ParrotletError {
  return new ParrotletError(
    'INVALID_ARGUMENT',
    `${name} must be ${expected}, not ${JSON.stringify(value)}.`,
  );
}

function badRule(rule: unknown, fault: string): ParrotletError {
  return new ParrotletError(
    'INVALID_ARGUMENT',
    `The plan's rule ${JSON.stringify(rule)} cannot be used: ${fault}.`,
  );
}
