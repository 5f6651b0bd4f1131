// What the kernel bench measures, and the page that it makes of it.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  copiesOf,
  groupOf,
  listCases,
  listFused,
  listOthers,
  targetsOf,
} from '../../bench/kernels/cases.mjs';
import { measureAll, mergePasses } from '../../bench/kernels/measure.mjs';
import { kernelsPage, plotted, type Results } from '../../bench/kernels/page.mjs';
import { describeRow, type Own, type Peer, speedOf } from '../../bench/kernels/speeds.mjs';

describe('the cases', () => {
  const all = listCases({});

  it('take groups that kernels can have, nearest to the block', () => {
    expect([32, 64].map((block) => groupOf(block, 288))).toEqual([32, 48]);
    expect([32, 64].map((block) => groupOf(block, 144))).toEqual([48, 48]);
    expect(groupOf('channel', 144)).toBe(144);
    for (const { depth, group } of all) expect([depth % group, group % 16]).toEqual([0, 0]);
  });

  it('name no matrix of parrotlet twice', () => {
    const names = all.map(({ bits, group, depth, cols }) => [bits, group, depth, cols].join());
    expect(new Set(names).size).toBe(names.length);
  });

  it('set 8 bits by channel beside DynamicQuantizeMatMul, groups beside MatMulNBits', () => {
    const operators = all.map(({ bits, block, operator = 'none' }) =>
      block === 'channel' ? `${bits} ${operator}` : operator,
    );
    expect([...new Set(operators)].sort()).toEqual([
      ...['2 none', '4 none', '8 DynamicQuantizeMatMul'],
      'MatMulNBits',
    ]);
  });

  it('run as many matrices in turn as 1 MiB of int8 holds, one to eight', () => {
    const shapes = [
      { depth: 144, cols: 576 },
      { depth: 288, cols: 1152 },
      { depth: 288, cols: 18_539 },
    ];
    expect(shapes.map(copiesOf)).toEqual([8, 3, 1]);
  });

  it('leave the scalar definition to one matrix and few rows', () => {
    const targets = ['avx2', 'scalar'];
    expect(targetsOf(targets, { depth: 288, cols: 1152 }, 4)).toEqual(targets);
    expect(targetsOf(targets, { depth: 288, cols: 1152 }, 27)).toEqual(['avx2']);
    expect(targetsOf(targets, { depth: 144, cols: 576 }, 1)).toEqual(['avx2']);
  });

  it('hold what ships and what could: every scheme, 4-bit and float activations, convolutions', () => {
    const others = listOthers({});
    const values = (of: 'scheme' | 'activations' | 'depth') =>
      new Set(others.map((one) => one[of]));
    expect(values('scheme')).toEqual(new Set([undefined, 'midRise', 'affine']));
    expect(values('activations')).toEqual(new Set([undefined, 4, 32]));
    expect([...values('depth')]).toEqual(expect.arrayContaining([2016, 1728]));
    for (const { depth, group } of others) expect([depth % group, group % 16]).toEqual([0, 0]);
    expect(listFused({}).length).toBeGreaterThan(listFused({ quick: true }).length);
  });

  it('are few when quick', () => {
    expect(listCases({ quick: true }).length).toBeLessThan(all.length / 5);
  });
});

describe('measuring', () => {
  /** Answers like parrotlet_measure and ONNX Runtime, and writes down what it was asked. */
  function fakes(ourTimes: number[], peerTimes: number[]) {
    const asked: string[] = [];
    const ask = async (...words: readonly (string | number)[]) => {
      asked.push(words.join(' '));
      if (words[0] === 'limits') return { dotGops: 9, reads: [] };
      if (words[0] === 'fused') return { ratio: 0.9 };
      return words[0] === 'run' ? { us: ourTimes.shift() } : { limitGops: 7 };
    };
    const openPeer = async () => ({
      async time(rows: number) {
        asked.push(`peer ${rows}`);
        return peerTimes.shift() ?? Number.NaN;
      },
      close: async () => asked.push('peer closed'),
    });
    return { asked, program: { ask }, openPeer };
  }
  const one = { bits: 4, block: 32, group: 32, depth: 64, cols: 16, rows: [4], copies: 2 } as const;
  const onRow = () => {};
  const only = { others: [], fused: [] };

  it('lets all run by turns and takes the medians, of ratios too', async () => {
    const { asked, ...rest } = fakes([1, 5, 2, 6, 9, 9], [10, 12, 9]);
    const how = { ...rest, targets: ['avx2'], rounds: 3, onRow };
    const { limits, ours, peers } = await measureAll(
      { ...only, cases: [{ ...one, operator: 'MatMulNBits' }] },
      how,
    );
    const round = ['run 0 3', 'run 1 3', 'peer 4'];
    expect(asked).toEqual([
      'limits avx2',
      ...['open avx2 4 32 symmetric 8 4 64 16 1', 'open avx2 4 32 symmetric 8 4 64 16 2'],
      ...[...round, ...round, ...round, 'close', 'peer closed'],
    ]);
    expect(limits).toEqual([{ target: 'avx2', dotGops: 9, reads: [] }]);
    expect(ours).toMatchObject([{ target: 'avx2', rows: 4, us: 2, limitGops: 7 }]);
    expect(peers).toMatchObject([{ copies: 2, us: 6, peerUs: 10, ratio: 2 }]);
  });

  it('measures parrotlet alone where ONNX Runtime has no operator', async () => {
    const { asked, ...rest } = fakes([3, 4], []);
    const how = { ...rest, targets: ['avx2', 'avxvnni', 'scalar'], rounds: 1, onRow };
    const { ours, peers } = await measureAll({ ...only, cases: [one] }, how);
    expect(ours.map(({ target, us }) => [target, us])).toEqual([
      ['avx2', 3],
      ['avxvnni', 4],
    ]);
    expect(peers).toEqual([]);
    expect(asked).not.toContain('peer 4');
  });
});

it('measures other formats and fused parts on all targets but the definition', async () => {
  const asked: string[] = [];
  const ask = async (...words: readonly (string | number)[]) => {
    asked.push(words.join(' '));
    if (words[0] === 'limits') return { dotGops: 9, reads: [] };
    if (words[0] === 'fused') return { ratio: 0.9 };
    return words[0] === 'run' ? { us: 2 } : { limitGops: 7 };
  };
  const other = { bits: 2, group: 48, scheme: 'midRise', depth: 288, cols: 1152, rows: [1] };
  const { others, fused } = await measureAll(
    {
      cases: [],
      others: [other, { ...other, scheme: undefined, activations: 4 }],
      fused: [{ fusion: 'linear+gelu', bits: 4, rows: 8 }],
    },
    {
      program: { ask },
      openPeer: () => Promise.reject(new Error('no peer')),
      ...{ targets: ['avx2', 'scalar'], rounds: 1, onRow() {} },
    },
  );
  expect(asked.filter((words) => words.startsWith('open'))).toEqual([
    'open avx2 2 48 midRise 8 1 288 1152 1',
    'open avx2 2 48 symmetric 4 1 288 1152 1',
  ]);
  expect(others).toMatchObject([{ scheme: 'midRise' }, { activations: 4 }]);
  expect(asked).toContain('fused avx2 linear+gelu 4 8 40');
  expect(fused).toEqual([{ target: 'avx2', fusion: 'linear+gelu', bits: 4, rows: 8, ratio: 0.9 }]);
});

const own = (changes: Partial<Own>): Own => ({
  ...{ target: 'avx512vnni', bits: 4, group: 32, depth: 512, cols: 2048, rows: 1 },
  ...{ us: 5, limitGops: 838.8608, ...changes },
});
const peer = (changes: Partial<Peer>): Peer => ({
  ...{ operator: 'MatMulNBits', block: 32, target: 'avx512vnni', copies: 1 },
  ...{
    bits: 4,
    group: 32,
    depth: 512,
    cols: 2048,
    rows: 1,
    us: 5,
    peerUs: 15,
    ratio: 3,
    ...changes,
  },
});
const results = (changes: Partial<Results>): Results => ({
  ...{
    date: 'some day',
    commit: 'abc',
    node: 'v20',
    onnxruntime: '1.2',
    cpu: 'some CPU',
    cores: 2,
  },
  ...{
    load: [0, 1],
    passes: 2,
    rounds: 5,
    ours: [own({})],
    peers: [peer({})],
    others: [],
    fused: [],
  },
  limits: [
    {
      ...{ target: 'avx512vnni', dotGops: 1000 },
      reads: [
        { bytes: 24_576, gbps: 300 },
        { bytes: 1 << 20, gbps: 100 },
        { bytes: 16 << 20, gbps: 20 },
      ],
    },
  ],
  ...changes,
});

it('takes the best of several passes', () => {
  const one = (changes: Partial<Results>) => results({ others: [own({ us: 9 })], ...changes });
  const fused = (ratio: number) => [
    { target: 'avx2', fusion: 'linear+gelu', bits: 4, rows: 8, ratio },
  ];
  const merged = mergePasses([
    one({ ours: [own({ us: 6, limitGops: 900 })], fused: fused(0.9) }),
    one({ ours: [own({ us: 5 })], peers: [peer({ us: 4, peerUs: 20 })], fused: fused(0.8) }),
    one({ ours: [own({ us: 7 })], others: [own({ us: 8 })], fused: fused(1.1) }),
  ]);
  expect(merged.ours).toMatchObject([{ us: 5, limitGops: 900 }]);
  expect(merged.peers).toMatchObject([{ us: 4, peerUs: 15, ratio: 3.75 }]);
  expect(merged.others).toMatchObject([{ us: 8 }]);
  expect(merged.fused).toMatchObject([{ ratio: 0.9 }]);
  expect(merged.limits).toEqual(one({}).limits);
});

it('turns times into speeds', () => {
  // 2 * 512 * 2048 operations in 5 us; half a byte a weight and four bytes for each 32.
  const { gops, gbps, ofLimit } = speedOf(own({}));
  expect(gops).toBeCloseTo(419.4304);
  expect(gbps).toBeCloseTo((512 * 2048 * (1 / 2 + 4 / 32)) / 5000);
  expect(ofLimit).toBeCloseTo(0.5);
  expect(speedOf(own({ limitGops: 0 })).ofLimit).toBeNull();
});

it('describes a case', () => {
  expect(describeRow({ ours: [own({})], peers: [peer({ copies: 2 })] })).toBe(
    `int4, 512x2048, groups of 32, rows: 1
  avx512vnni: 5.00 us, 419.4 GOPS, 131.1 GB/s, 50 % of the limit
  ONNX Runtime MatMulNBits: 15 us, ours 5.00 us, 3.00 times faster (2 matrices in turn)`,
  );
});

describe('the page', () => {
  const page = (changes: Partial<Results> = {}) => kernelsPage(results(changes), 'plot.svg');

  it('shows the limits', () => {
    expect(page()).toContain('| avx512vnni | 1000 | 300 | 100 | 20 |');
    expect(page()).toContain('24 KiB (first level), GB/s | 1 MiB (second level)');
    const unknown = { target: 'neon', dotGops: 0, reads: [] };
    expect(
      page({ limits: [unknown], ours: [own({ target: 'neon', limitGops: 0 })], peers: [] }),
    ).not.toContain('Limits of this CPU');
  });

  it('says which goals are met', () => {
    expect(page()).toContain('0 of 1 goals are met');
    expect(page()).toContain('| int4 | 32 | 512x2048 | **419** | 430 | 50 % | 131 |');
    const faster = page({ ours: [own({ us: 4 })] });
    expect(faster).toContain('1 of 1 goals are met');
    expect(faster).toContain('| int4 | 32 | 512x2048 | 524 | 430 | 63 % | 164 |');
  });

  it('says how many goals this CPU cannot reach', () => {
    expect(page()).toContain('; 0 are above\nthe limit of this CPU.');
    expect(page({ ours: [own({ limitGops: 429 })] })).toContain('; 1 are above\nthe limit');
    expect(page({ ours: [own({ limitGops: 0 })] })).toContain('; 0 are above\nthe limit');
  });

  it('has no goal for other groups, rows and smaller matrices', () => {
    const others = [
      own({ group: 64 }),
      own({ rows: 8 }),
      own({ depth: 144, cols: 576, group: 48 }),
    ];
    expect(page({ ours: others })).toContain('0 of 0 goals are met');
  });

  it('says whether small and large matrices meet theirs', () => {
    const small = { depth: 144, cols: 576, group: 144 };
    const large = { depth: 288, cols: 18_539, group: 288 };
    const text = page({
      ours: [
        own({ ...small, bits: 8, us: 0.6 }),
        own({ ...small, bits: 2, us: 0.7 }),
        own({ ...large, bits: 8, us: 90 }),
        own({ ...large, bits: 2, us: 30 }),
      ],
    });
    expect(text).toContain('- int8, 144x576, one row: 0.60 us (at most 0.6): met.');
    expect(text).toContain('- int2, 144x576, one row: 0.70 us (at most 0.6): **missed**.');
    expect(text).toContain('288x18539, one row: 3.0 times faster (at least 3): met.');
  });

  it('shows other formats, and what they read, and what fusing saves', () => {
    const midRise = own({ bits: 2, scheme: 'midRise', us: 2 });
    expect(speedOf(midRise).gbps).toBeCloseTo((512 * 2048 * (1 / 4 + 8 / 32)) / 2000);
    const fused = [{ target: 'avx512vnni', fusion: 'linear+gate', bits: 4, rows: 8, ratio: 0.9 }];
    const text = page({ others: [midRise, own({ activations: 4 })], fused });
    expect(text).toContain('| 512x2048 | int2 | 32 | midRise | 8 | 1049 |');
    expect(text).toContain('| 512x2048 | int4 | 32 |  | 4 | 419 |');
    expect(text).toContain('| linear+gate | int4 | 0.9 |');
    expect(page()).not.toContain('Fused parts');
  });

  it('compares with the definition', () => {
    const shape = { depth: 288, cols: 1152 };
    const ours = [own(shape), own({ ...shape, target: 'scalar', us: 500, limitGops: 0 })];
    expect(page({ ours })).toContain('| int4 | 32 | 100 x |');
    expect(page()).not.toContain('Against the definition');
  });

  it('compares with ONNX Runtime, row by row', () => {
    const peers = [1, 4].map((rows) => peer({ rows, ratio: rows === 1 ? 3 : 0.5 }));
    expect(page({ peers })).toContain('| int4 | 32 | 32 | 512x2048 | 3.0 x (5.0) | 0.5 x (5.0) |');
    expect(page({ peers })).toContain(
      'int4 against MatMulNBits: median 3.0 times faster, 0.5 to 3.0',
    );
    expect(page({ peers })).toContain('slower in 1 of 2');
  });
});

it('plots both engines', () => {
  const found = plotted({ peers: [peer({}), peer({ block: 64 }), peer({ depth: 16, cols: 16 })] });
  expect(found.map(({ engine, weights, gops }) => [engine, weights, gops.toFixed(1)])).toEqual([
    ['parrotlet, avx512vnni', 'int4, groups', '419.4'],
    ['ONNX Runtime', 'int4, groups', '139.8'],
  ]);
});

it('explains itself and does nothing else', () => {
  const path = fileURLToPath(new URL('../../bench/kernels/run.mjs', import.meta.url));
  const text = execFileSync('node', [path, '--help'], { encoding: 'utf8' });
  expect(text).toMatch('Usage: node bench/kernels/run.mjs [options]');
});
