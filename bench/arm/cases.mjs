// What is simulated, and on which CPUs.

/** The CPUs: qemu's name, LLVM's model and its clock on the board, and the products that it can
 * multiply in a cycle by its vector pipes. */
export const BOARDS = [
  {
    target: 'neondotprod',
    board: 'Raspberry Pi 5',
    cpu: 'cortex-a76',
    model: 'neoverse-n1', // the same core for servers
    gigahertz: 2.4,
    productsPerCycle: 32, // two sdot of 16
  },
  {
    target: 'neon',
    board: 'Raspberry Pi 4',
    cpu: 'cortex-a72',
    model: 'cortex-a72',
    gigahertz: 1.8,
    productsPerCycle: 8, // one smlal of 8
  },
];

/** The models that ship. */
export const MODEL_BITS = [8, 4, 2];

const SHAPES = [
  [288, 1152],
  [1152, 288],
];
const GROUPS = ['channel', 96, 32];
const ROWS = [1, 4];

/** The board of a target, or all. */
export const boardsOf = (target) =>
  BOARDS.filter((board) => target === undefined || board.target === target);

/** The board that a row of the results is of. */
export const boardOf = (row) => BOARDS.find(({ target }) => target === row.target);

/** [{target, cpu, model, bits, group, rows, depth, cols}] */
export function listCases({ quick, target: only }) {
  const shapes = quick ? [[288, 128]] : SHAPES;
  const cases = [];
  for (const { target, cpu, model } of boardsOf(only)) {
    for (const [depth, cols] of shapes) {
      for (const bits of [8, 4, 2]) {
        for (const name of GROUPS) {
          for (const rows of ROWS) {
            const group = name === 'channel' ? depth : name;
            cases.push({ target, cpu, model, bits, group, rows, depth, cols });
          }
        }
      }
    }
  }
  return cases;
}

/** What a linear of the results comes to: {per256, gops, ofLimit}. */
export function speedOf(row) {
  const { gigahertz, productsPerCycle } = boardOf(row);
  const { rows, depth, cols, cycles } = row;
  const products = rows * depth * cols;
  return {
    per256: (256 * cycles) / products,
    gops: (2 * products * gigahertz) / cycles,
    ofLimit: products / productsPerCycle / cycles,
  };
}

/** The time that a model of the results takes on one core, by that of its audio. */
export function realTimeFactor(row) {
  return row.cycles / (boardOf(row).gigahertz * 1e9 * row.seconds);
}

/** One line about a linear. */
export function describe(row) {
  const { per256, gops } = speedOf(row);
  const group = row.group === row.depth ? 'per channel' : `groups of ${row.group}`;
  return (
    `${row.target}, int${row.bits} ${group}, ${row.depth}x${row.cols}, rows: ${row.rows}: ` +
    `${row.instructions} instructions, ${per256.toFixed(1)} cycles for 256 products, ${gops.toFixed(1)} GOPS`
  );
}
