// Measures all cases, parrotlet and ONNX Runtime by turns, so that a busy moment falls on both.
import { round } from '../../tools/accuracy/results.mjs';
import { DEFINITION, targetsOf } from './cases.mjs';
import { median } from './speeds.mjs';

const MILLISECONDS = { ours: 3, theirs: 10, fused: 40 }; // of one case in one round; of one fusion

/**
 * Measures the limits of the targets, [{target, dotGops, reads: [{bytes, gbps}]}], and all cases, those of
 * parrotlet alone and fusions: {limits, ours, peers, others, fused}. `program` is as of startProgram;
 * `openPeer` opens a case in ONNX Runtime, as openLinears; `onRow` hears of every count of rows of a case
 * as soon as it is measured.
 */
export async function measureAll({ cases, others, fused }, how) {
  const { program, targets, onRow } = how;
  const found = { limits: [], ours: [], peers: [], others: [], fused: [] };
  for (const target of targets) {
    found.limits.push({ target, ...(await program.ask('limits', target)) });
  }
  const fast = targets.filter((target) => target !== DEFINITION);
  const measure = async (list, onTargets, keep) => {
    for (const one of list) {
      const onBoth = (row) => {
        keep(row);
        onRow(row);
      };
      await measureCase(one, { ...how, targets: onTargets, onRow: onBoth });
    }
  };
  await measure(cases, targets, ({ ours, peers }) => {
    found.ours.push(...ours);
    found.peers.push(...peers);
  });
  await measure(others, fast, ({ ours }) => found.others.push(...ours));
  for (const one of fused) found.fused.push(...(await measureFused(one, program, fast)));
  return found;
}

/**
 * What several passes of measureAll over the same lists found, as one: the least times, the best limits, the
 * median of what fusing saves. On a shared machine a pass may meet a busy minute, which all rounds of a
 * case then lie in.
 */
export function mergePasses(passes) {
  const column = (name, merge) =>
    passes[0][name].map((first, i) => ({ ...first, ...merge(passes.map((one) => one[name][i])) }));
  const least = (rows, name) => Math.min(...rows.map((row) => row[name]));
  const most = (rows, name) => Math.max(...rows.map((row) => row[name]));
  const ours = (rows) => ({ us: least(rows, 'us'), limitGops: most(rows, 'limitGops') });
  return {
    limits: column('limits', (rows) => ({
      dotGops: most(rows, 'dotGops'),
      reads: rows[0].reads.map((read, i) => ({
        ...read,
        gbps: Math.max(...rows.map(({ reads }) => reads[i].gbps)),
      })),
    })),
    ours: column('ours', ours),
    peers: column('peers', (rows) => {
      const [us, peerUs] = [least(rows, 'us'), least(rows, 'peerUs')];
      return { us, peerUs, ratio: round(peerUs / us, 2) };
    }),
    others: column('others', ours),
    fused: column('fused', (rows) => ({ ratio: median(rows.map(({ ratio }) => ratio)) })),
  };
}

/** On every target: the time of the fused part by that of its kernels. */
async function measureFused({ fusion, bits, rows }, program, targets) {
  const measured = [];
  for (const target of targets) {
    const words = [target, fusion, bits, rows, MILLISECONDS.fused];
    const { ratio } = await program.ask('fused', ...words);
    measured.push({ target, fusion, bits, rows, ratio });
  }
  return measured;
}

/**
 * Measures one case for each count of rows; `onRow` gets {ours, peers}: the speeds of one matrix, hot,
 * on every target, and, where ONNX Runtime has the operator, of `copies` in turn in both.
 */
async function measureCase(one, { program, openPeer, targets, rounds, onRow }) {
  const linears = one.operator ? await openPeer(one) : undefined;
  for (const rows of one.rows) {
    const own = targetsOf(targets, one, rows);
    if (own.length === 0) continue;
    const limits = [];
    for (const target of own) limits.push((await open(program, target, one, rows, 1)).limitGops);
    if (linears) await open(program, targets[0], one, rows, one.copies);
    const times = [];
    for (let i = 0; i < rounds; i++) {
      times.push(await measureRound(program, linears, own.length, rows));
    }
    await program.ask('close');
    const middle = (i) => round(median(times.map((values) => values[i])), 3);
    const { bits, group, scheme, activations, depth, cols } = one;
    const about = { bits, group, scheme, activations, depth, cols, rows };
    onRow({
      ours: own.map((target, i) => ({ target, ...about, us: middle(i), limitGops: limits[i] })),
      peers: linears
        ? [
            {
              ...{ operator: one.operator, block: one.block, target: targets[0], ...about },
              copies: one.copies,
              us: middle(own.length),
              peerUs: middle(own.length + 1),
              ratio: round(median(times.map((values) => values.at(-1) / values.at(-2))), 2),
            },
          ]
        : [],
    });
  }
  await linears?.close();
}

function open(program, target, one, rows, copies) {
  const { bits, group, scheme = 'symmetric', activations = 8, depth, cols } = one;
  const format = [bits, group, scheme, activations];
  return program.ask('open', target, ...format, rows, depth, cols, copies);
}

/** Microseconds of every opened case of parrotlet, then of ONNX Runtime's. */
async function measureRound(program, linears, own, rows) {
  const times = [];
  for (let i = 0; i < own + (linears ? 1 : 0); i++) {
    times.push((await program.ask('run', i, MILLISECONDS.ours)).us);
  }
  if (linears) times.push(await linears.time(rows, MILLISECONDS.theirs));
  return times;
}
