// Which matrices are held in how many bits.
import { describe, expect, it } from 'vitest';
import {
  type GroupSize,
  type PlanChoice,
  type PlanRule,
  parsePlan,
  planTensors,
} from '../../../lib/import/quantization-plan.js';
import type { TensorSource } from '../../../lib/import/tensor-source.js';

function source(name: string, shape: readonly number[], quantizable = true): TensorSource {
  return { name, shape, quantizable, load: async () => new Float32Array() };
}

const SOURCES = [
  source('encoder.norm.weight', [48], false),
  source('encoder.layers.0.ff.in.weight', [96, 48]),
  source('encoder.layers.1.ff.in.weight', [96, 48]),
  source('decoder.embedding.weight', [100, 40]),
];

function formats(defaults: PlanChoice = {}, rules: readonly PlanRule[] = []): string[] {
  return planTensors(SOURCES, defaults, rules).map(({ entry }) =>
    entry.kind === 'codes' ? `${entry.bits}/${entry.groupSize}` : entry.kind,
  );
}

describe('planTensors', () => {
  it('holds matrices in 4 bits with a scale per channel unless told otherwise', () => {
    expect(formats()).toEqual(['float', '4/48', '4/48', '4/40']);
    expect(formats({ bits: 2 })).toEqual(['float', '2/48', '2/48', '2/40']);
    expect(formats({ bits: 32 })).toEqual(['float', 'float', 'float', 'float']);
  });

  it('applies the first rule that matches, over the defaults', () => {
    const rules = [
      { match: 'encoder.layers.0.*', bits: 8 },
      { match: '/^encoder/', groupSize: 16 },
      { match: '*embedding*', bits: 32 },
    ] as const;
    expect(formats({ bits: 2 }, rules)).toEqual(['float', '8/48', '2/16', 'float']);
  });

  it('takes scheme and activations from rules and defaults', () => {
    const told = (defaults: PlanChoice, rules: readonly PlanRule[] = []) => {
      return planTensors(SOURCES, defaults, rules).map(({ entry }) =>
        entry.kind === 'codes' ? `${entry.scheme}/${entry.activations}` : entry.kind,
      );
    };
    expect(told({})).toEqual(['float', 'symmetric/8', 'symmetric/8', 'symmetric/8']);
    const rules = [{ match: '*.1.*', scheme: 'midRise' }] as const;
    expect(told({ scheme: 'affine', activations: 4 }, rules)).toEqual([
      'float',
      'affine/4',
      'midRise/4',
      'affine/4',
    ]);
    expect(told({ bits: 32, scheme: 'affine', activations: 32 })).toEqual(
      Array(4).fill('float'), // floats are multiplied with floats
    );
  });

  it('refuses stored scales where there are none, naming the matrix', () => {
    expect(() => formats({}, [{ match: 'decoder*', clip: 'stored' }])).toThrow(
      /no stored scales for "decoder.embedding.weight"/,
    );
    expect(formats({ bits: 32, clip: 'stored' })).toEqual(Array(4).fill('float'));
  });

  it('takes dots and brackets of a glob literally, and the whole name', () => {
    const fails = (match: string) => () => formats({}, [{ match }]);
    expect(fails('encoder?layers*')).toThrow(/decides no weight matrix/);
    expect(fails('layers.0')).toThrow(/decides no weight matrix/);
    expect(formats({}, [{ match: 'encoder.*.0.*weight', bits: 8 }])[1]).toBe('8/48');
  });

  it('refuses groups that do not divide, naming the matrix', () => {
    expect(() => formats({ groupSize: 16 })).toThrow(
      /Groups of 16 do not divide the 40 inputs of "decoder.embedding.weight"/,
    );
  });

  it('splits inputs in as many groups as asked, whatever their number', () => {
    const wide = source('encoder.layers.0.ff.out.weight', [48, 192]);
    const held = (groupSize: GroupSize, indivisible: 'error' | 'channel' = 'error') =>
      planTensors([SOURCES[1]!, wide], { groupSize, indivisible }, []).map(
        ({ entry, groupFallback }) =>
          entry.kind === 'codes' && `${entry.groupSize}${groupFallback ? '!' : ''}`,
      );
    expect(held('split:3')).toEqual(['16', '64']);
    expect(held('split:1')).toEqual(['48', '192']);
    expect(held('split:6', 'channel')).toEqual(['48!', '32']); // 8 is no multiple of 16
    expect(held('split:7', 'channel')).toEqual(['48!', '192!']);
    expect(() => held('split:6')).toThrow(
      /6 groups, each of a multiple of 16, do not share out the 48 inputs of "encoder.layers.0.ff.in/,
    );
  });

  it('falls back to a scale per channel only when asked, and says so', () => {
    const planned = planTensors(SOURCES, { groupSize: 16, indivisible: 'channel' }, []);
    expect(planned.map(({ groupFallback }) => groupFallback)).toEqual([false, false, false, true]);
    expect(formats({ groupSize: 16, indivisible: 'channel' })).toEqual([
      'float',
      '4/16',
      '4/16',
      '4/40',
    ]);
  });

  it.each([
    { bits: 3 },
    { bits: '4' },
    { groupSize: 24 },
    { groupSize: 0 },
    { groupSize: -16 },
    { groupSize: 'split:0' },
    { groupSize: 'split:1.5' },
    { groupSize: 'split:' },
    { indivisible: 'pad' },
    { clip: 'none' },
    { scheme: 'mid-rise' },
    { activations: 16 },
    { activations: '8' },
    { floats: 'float64' },
  ])('refuses %o', (defaults) => {
    expect(() => planTensors(SOURCES, defaults as object, [])).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('refuses a rule that decides nothing', () => {
    expect(() => formats({}, [{ match: 'encoder.norm.weight', bits: 8 }])).toThrow(/decides no/);
    expect(() => formats({}, [{ match: '*' }, { match: 'decoder*' }])).toThrow(/"decoder\*"/);
  });
});

describe('parsePlan', () => {
  it('reads rules', () => {
    const rules = [
      { match: 'a*', bits: 2, groupSize: 'split:3', clip: 'max' },
      { match: '*', scheme: 'affine', activations: 32, clip: 'stored', indivisible: 'channel' },
    ];
    expect(parsePlan(JSON.stringify(rules))).toEqual(rules);
  });

  it.each(['{', '{}', '[7]', '[{}]', '[{"match":"*","bit":4}]', '[{"match":"*","bits":5}]'])(
    'refuses %s',
    (text) => {
      expect(() => parsePlan(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );

  it('refuses a broken regular expression', () => {
    expect(() => formats({}, parsePlan('[{"match":"/(/"}]'))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
