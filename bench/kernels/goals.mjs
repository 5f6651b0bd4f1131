// What the kernels are to reach: above what the fastest libraries reached on such CPUs.
import { shapeName } from './cases.mjs';
import { speedOf } from './speeds.mjs';

/** GOPS for [1, 4] rows of matrices of LEAST and more, by weights and group. */
const GOALS = {
  avx512vnni: {
    'int8 channel': [390, 700],
    'int4 channel': [480, 900],
    'int4 32': [430, 600],
    'int2 channel': [450, 750],
    'int2 64': [350, 550],
  },
  avxvnni: {
    'int8 channel': [250, 340],
    'int4 channel': [280, 370],
    'int4 32': [250, 320],
    'int2 channel': [300, 400],
  },
  avx2: {
    'int8 channel': [125, 165],
    'int4 channel': [165, 230],
    'int4 32': [140, 195],
    'int2 channel': [215, 320],
    'int2 64': [170, 240],
  },
};
const LEAST = { depth: 256, cols: 1024 };
const SMALL = { shape: '144x576', rows: 1, us: 0.6 };
const LARGE = { shape: '288x18539', rows: 1, times: 3 };

/** The targets that have goals. */
export const GOAL_TARGETS = Object.keys(GOALS);

export const groupName = ({ group, depth }) => (group === depth ? 'channel' : `${group}`);

/** Whether goals by GOPS hold for matrices of this shape. */
export const isOfGoals = ({ depth, cols }) => depth >= LEAST.depth && cols >= LEAST.cols;

/** The goal of a row in GOPS, undefined where there is none. */
export function goalOf(row) {
  const goals = GOALS[row.target]?.[`int${row.bits} ${groupName(row)}`];
  return isOfGoals(row) ? goals?.[[1, 4].indexOf(row.rows)] : undefined;
}

/** How many goals by GOPS `rows` have, reach, and cannot reach on this CPU: {all, met, beyond}. */
export function countGoals(rows) {
  const goals = rows.filter((row) => goalOf(row) !== undefined);
  return {
    all: goals.length,
    met: goals.filter((row) => speedOf(row).gops >= goalOf(row)).length,
    beyond: goals.filter((row) => row.limitGops > 0 && row.limitGops < goalOf(row)).length,
  };
}

/** The goals that are not by GOPS: [{text, met}] of what `rows`, of one target, hold. */
export function otherGoals(rows) {
  const of = ({ shape, rows: count }, bits) =>
    rows.find(
      (row) =>
        shapeName(row) === shape &&
        row.rows === count &&
        row.bits === bits &&
        row.group === row.depth,
    );
  const small = [8, 4, 2]
    .map((bits) => of(SMALL, bits))
    .filter(Boolean)
    .map((row) => ({
      text: `int${row.bits}, ${SMALL.shape}, one row: ${row.us.toFixed(2)} us (at most ${SMALL.us})`,
      met: row.us <= SMALL.us,
    }));
  const [int8, int2] = [of(LARGE, 8), of(LARGE, 2)];
  if (!int8 || !int2) return small;
  const times = int8.us / int2.us;
  return [
    ...small,
    {
      text:
        `int2 against int8, ${LARGE.shape}, one row: ${times.toFixed(1)} times faster ` +
        `(at least ${LARGE.times})`,
      met: times >= LARGE.times,
    },
  ];
}
