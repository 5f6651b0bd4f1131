// docs/kernels.md, from the results.
import { rowsName, table } from '../written.mjs';
import { ROWS, shapeName } from './cases.mjs';
import { countGoals, GOAL_TARGETS, goalOf, groupName, isOfGoals, otherGoals } from './goals.mjs';
import { median, speedOf } from './speeds.mjs';

const PLOTTED = ['144x576', '288x1152', '512x2048'];
const LEVELS = ['first', 'second', 'third'];

/** The page; `plot` is the path of the picture from the page. */
export function kernelsPage(results, plot) {
  const { limits, ours } = results;
  const targets = GOAL_TARGETS.filter((target) => ours.some((row) => row.target === target));
  return [
    introduction(results),
    limitSection(limits),
    ...targets.map((target) => targetSection(target, of(ours, target))),
    rowSection(of(ours, limits[0].target)),
    otherSection(results),
    fusedSection(results),
    scalarSection(ours),
    peerSection(results, plot),
  ]
    .filter(Boolean)
    .join('\n');
}

const of = (rows, target) => rows.filter((row) => row.target === target);
const weightsName = ({ bits }) => `int${bits}`;
const percent = (part) => (part === null ? '' : `${(100 * part).toFixed(0)} %`);
const kibibytes = (bytes) =>
  bytes < 1 << 20 ? `${bytes / 1024} KiB` : `${(bytes / (1 << 20)).toFixed(0)} MiB`;

/** Rows of one matrix together: [[row for 1, row for 4, ...]] in the order of their first. */
function byMatrix(rows) {
  const key = (row) =>
    [
      ...[row.operator, row.block, row.bits, row.group, row.scheme, row.activations],
      ...[row.depth, row.cols],
    ].join(' ');
  const found = new Map();
  for (const row of rows) found.set(key(row), [...(found.get(key(row)) ?? []), row]);
  return [...found.values()];
}

const countsOf = (rows) => ROWS.filter((count) => rows.some((row) => row.rows === count));

function introduction(results) {
  const { date, commit, cpu, cores, load, passes, rounds, node, onnxruntime } = results;
  return `# Kernels

How fast the matrix products are. Made by \`npm run bench:kernels\`: ${date}, commit ${commit}, ${cpu},
${cores} cores (one-minute load ${load.join(' before, ')} after), Node ${node}, onnxruntime-node ${onnxruntime}. All of it
is one run on one machine: quote the ratios and the parts of the limit, not the microseconds.

A linear is timed with all that it does: float rows in, rounded to int8 where nothing else is said, multiplied,
float rows out; on one thread. Figures are the best of ${passes} passes over everything, minutes apart, as such a machine has
busy moments; in a pass a time is the median of ${rounds} rounds, in each of which all targets are measured in turn. **GOPS**: 10^9
operations a second, two for each weight and row. **GB/s**: codes and scales read, by time. **Of limit**:
part of what this CPU reached in the same run with the dot instruction alone, or with reading as many
bytes of codes and scales alone, whichever is less. The results are in [kernels.json](../bench/results/kernels.json).
`;
}

function limitSection(limits) {
  const known = limits.filter(({ dotGops }) => dotGops > 0);
  if (known.length === 0) return '';
  const sizes = known[0].reads.map(
    ({ bytes }, i) => `${kibibytes(bytes)} (${LEVELS[i]} level), GB/s`,
  );
  const lines = known.map(({ target, dotGops, reads }) => [
    target,
    dotGops.toFixed(0),
    ...reads.map(({ gbps }) => gbps.toFixed(0)),
  ]);
  return `## Limits of this CPU
The best of 40 runs of loops in assembly: twelve independent dot products, and reads of memory that fits
into half of a cache, at most 16 MiB.

${table(['target', 'dots, GOPS', ...sizes], lines)}
`;
}

function targetSection(target, rows) {
  const wanted = rows.filter((row) => isOfGoals(row) && [1, 4].includes(row.rows));
  const counts = countsOf(wanted);
  const cellsOf = (row) => {
    if (!row) return ['', '', '', ''];
    const { gops, gbps, ofLimit } = speedOf(row);
    const goal = goalOf(row);
    const cell = goal === undefined || gops >= goal ? gops.toFixed(0) : `**${gops.toFixed(0)}**`;
    return [cell, goal ?? '', percent(ofLimit), gbps.toFixed(0)];
  };
  const lines = byMatrix(wanted).map((same) => [
    ...[weightsName(same[0]), groupName(same[0]), shapeName(same[0])],
    ...counts.flatMap((count) => cellsOf(same.find((row) => row.rows === count))),
  ]);
  const head = counts.flatMap((count) => [
    `${rowsName(count)}: GOPS`,
    ...['goal', 'of limit', 'GB/s'],
  ]);
  const { met, all, beyond } = countGoals(rows);
  const others =
    target === GOAL_TARGETS[0]
      ? otherGoals(rows).map(({ text, met }) => `- ${text}: ${met ? 'met' : '**missed**'}.\n`)
      : [];
  return `## ${target}
${met} of ${all} goals are met; what misses its goal is bold. The goals are above what the fastest libraries
for such products reached on a Zen 5, for matrices of 256 inputs by 1024 outputs and more; ${beyond} are above
the limit of this CPU.

${table(['weights', 'group', 'matrix', ...head], lines)}
${others.length > 0 ? `\n${others.join('')}` : ''}`;
}

function rowSection(rows) {
  const counts = countsOf(rows);
  const lines = byMatrix(rows).map((same) => [
    ...[shapeName(same[0]), weightsName(same[0]), groupName(same[0])],
    ...counts.map((count) => {
      const row = same.find((one) => one.rows === count);
      return row ? speedOf(row).gops.toFixed(0) : '';
    }),
  ]);
  return `## From one row to many
GOPS of ${rows[0].target} for one row (a step of a decoder), small batches, 27 rows (a chunk of 648 ms) and 1000
(a whole recording).

${table(['matrix', 'weights', 'group', ...counts.map(rowsName)], lines)}
`;
}

/** A column for every count of rows on every target. */
const headOf = (targets, counts) =>
  targets.flatMap((target) => counts.map((count) => `${target}, ${rowsName(count)}`));

/** Formats for which there is no peer here, and the strided convolutions. */
function otherSection({ others }) {
  if (others.length === 0) return '';
  const targets = [...new Set(others.map(({ target }) => target))];
  const counts = countsOf(others);
  const lines = byMatrix(others).map((same) => {
    const { scheme = '', activations = 8 } = same[0];
    return [
      ...[shapeName(same[0]), weightsName(same[0]), groupName(same[0]), scheme, activations],
      ...targets.flatMap((target) =>
        counts.map((count) => {
          const row = same.find((one) => one.target === target && one.rows === count);
          return row ? speedOf(row).gops.toFixed(0) : '';
        }),
      ),
    ];
  });
  return `## Formats of the models that ship, and others
GOPS for matrices of the default model, its strided convolutions (2016x576, 1728x288) among them: formats that it
ships with and others, without a peer. **midRise** and **affine** have a number to take off beside each scale;
activations of 32 bits are floats.

${table(['matrix', 'weights', 'group', 'scheme', 'activations', ...headOf(targets, counts)], lines)}
`;
}

/** What fusing saves. */
function fusedSection({ fused }) {
  if (fused.length === 0) return '';
  const targets = [...new Set(fused.map(({ target }) => target))];
  const counts = [...new Set(fused.map(({ rows }) => rows))];
  const names = [...new Set(fused.map(({ fusion, bits }) => `${fusion} ${bits}`))];
  const lines = names.map((name) => {
    const [fusion, bits] = name.split(' ');
    const ratioOf = (target, rows) =>
      fused.find(
        (row) => `${row.fusion} ${row.bits}` === name && row.target === target && row.rows === rows,
      )?.ratio ?? '';
    return [
      ...[fusion, `int${bits}`],
      ...targets.flatMap((target) => counts.map((rows) => ratioOf(target, rows))),
    ];
  });
  return `## Fused parts
The time of a part of a layer by that of the same work as a kernel after another, of the default model's sizes:
below 1 fusing saves time; medians of many turns of 40 ms. Where rows of floats stay in the first level of the
cache there is little to save, and above 1 the parts' own loops are the better ones. What is fused needs no memory
between two kernels.

${table(['part', 'weights', ...headOf(targets, counts)], lines)}
`;
}

function scalarSection(ours) {
  const matrices = byMatrix(of(ours, 'scalar'));
  if (matrices.length === 0) return '';
  const targets = [...new Set(ours.map(({ target }) => target))].filter((one) => one !== 'scalar');
  const counts = countsOf(matrices.flat());
  const times = (slow, target) => {
    const same = (row) => row.target === target && row.rows === slow.rows;
    const fast = byMatrix(ours.filter(same))
      .flat()
      .find((row) =>
        ['bits', 'group', 'depth', 'cols'].every((property) => row[property] === slow[property]),
      );
    return fast ? `${(slow.us / fast.us).toFixed(0)} x` : '';
  };
  const lines = matrices.map((same) => [
    ...[weightsName(same[0]), groupName(same[0])],
    ...counts.flatMap((count) => {
      const slow = same.find((row) => row.rows === count);
      return targets.map((target) => times(slow, target));
    }),
  ]);
  const head = counts.flatMap((count) => targets.map((target) => `${target}, ${rowsName(count)}`));
  return `## Against the definition
How many times faster than \`scalar\`, the definition in plain C++, ${shapeName(matrices[0][0])}.

${table(['weights', 'group', ...head], lines)}
`;
}

function peerSection({ peers, onnxruntime }, plot) {
  if (peers.length === 0) return '';
  const counts = countsOf(peers);
  const summary = [8, 4, 2].flatMap((bits) =>
    ['DynamicQuantizeMatMul', 'MatMulNBits'].map((operator) => {
      const ratios = peers
        .filter((row) => row.bits === bits && row.operator === operator)
        .map(({ ratio }) => ratio);
      if (ratios.length === 0) return '';
      const slower = ratios.filter((ratio) => ratio < 1).length;
      return (
        `- int${bits} against ${operator}: median ${median(ratios).toFixed(1)} times faster, ` +
        `${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)}; slower in ${slower} of ${ratios.length}.\n`
      );
    }),
  );
  const lines = byMatrix(peers).map((same) => [
    ...[weightsName(same[0]), groupName(same[0]), same[0].block, shapeName(same[0])],
    ...counts.map((count) => {
      const row = same.find((one) => one.rows === count);
      return row ? `${row.ratio.toFixed(1)} x (${row.us.toFixed(1)})` : '';
    }),
  ]);
  return `## Beside ONNX Runtime
How many times faster ${peers[0].target} is than onnxruntime-node ${onnxruntime} on one thread, and in brackets its own
microseconds. ONNX Runtime runs DynamicQuantizeMatMul where the group is the channel, else MatMulNBits with
integer activations (accuracy level 4), from models of nothing but up to eight matrices, which both engines
run in turn; what a call to ONNX Runtime costs by itself is measured beside it and taken off. Its blocks
are of 32 or 64, parrotlet's groups what comes nearest and divides the inputs. ONNX Runtime chooses its
instructions itself.

${summary.join('')}
![GOPS of parrotlet and ONNX Runtime](${plot})

${table(['weights', 'group', 'block', 'matrix', ...counts.map(rowsName)], lines)}
`;
}

/** What the plot shows: [{matrix, weights, rows, engine, gops}]. */
export function plotted({ peers }) {
  return peers
    .filter((row) => PLOTTED.includes(shapeName(row)) && row.block !== 64)
    .flatMap(({ us, peerUs, target, ...row }) => {
      const about = {
        ...{ matrix: shapeName(row), rows: row.rows },
        weights: row.block === 'channel' ? `int${row.bits}` : `int${row.bits}, groups`,
      };
      return [
        { ...about, engine: `parrotlet, ${target}`, gops: speedOf({ ...row, us }).gops },
        { ...about, engine: 'ONNX Runtime', gops: speedOf({ ...row, us: peerUs }).gops },
      ];
    });
}
