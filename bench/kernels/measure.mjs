// Measures all cases, parrotlet and ONNX Runtime by turns, so that a busy moment falls on both.
import { round } from '../../tools/accuracy/results.mjs';
import { targetsOf } from './cases.mjs';
import { median } from './speeds.mjs';

const MILLISECONDS = { ours: 3, theirs: 10 }; // of one case in one round

/**
 * Measures the limits of the targets, [{target, dotGops, reads: [{bytes, gbps}]}], and all cases: {limits,
 * ours, peers}. `program` is as of startProgram; `openPeer` opens a case in ONNX Runtime, as openLinears;
 * `onRow` hears of every count of rows of a case as soon as it is measured.
 */
export async function measureAll(cases, { program, openPeer, targets, rounds, onRow }) {
  const limits = [];
  for (const target of targets) limits.push({ target, ...(await program.ask('limits', target)) });
  const ours = [];
  const peers = [];
  for (const one of cases) {
    await measureCase(one, {
      ...{ program, openPeer, targets, rounds },
      onRow(row) {
        ours.push(...row.ours);
        peers.push(...row.peers);
        onRow(row);
      },
    });
  }
  return { limits, ours, peers };
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
    const { bits, group, depth, cols } = one;
    const about = { bits, group, depth, cols, rows };
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

function open(program, target, { bits, group, depth, cols }, rows, copies) {
  return program.ask('open', target, bits, group, rows, depth, cols, copies);
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
