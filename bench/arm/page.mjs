// docs/arm.md, from the results.
import { shapeName } from '../kernels/cases.mjs';
import { groupName } from '../kernels/goals.mjs';
import { rowsName, table } from '../written.mjs';
import { BOARDS, boardOf, realTimeFactor, speedOf } from './cases.mjs';

const percent = (part) => `${(100 * part).toFixed(0)} %`;

export function armPage(results) {
  const sections = BOARDS.map((board) => linearSection(board, results.linears));
  return [introduction(results), modelSection(results.models), ...sections.filter(Boolean)].join(
    '\n',
  );
}

function introduction({ date, commit, compiler, simulator }) {
  return `# On a Raspberry Pi
How fast parrotlet should be on ARM. **Estimates**: no such board was measured. Made by \`npm run bench:arm\`: ${date},
commit ${commit}, gcc ${compiler}, LLVM ${simulator}; the same code gives the same figures on any machine.

qemu tells which instructions are executed, LLVM's model of the CPU (llvm-mca) how many cycles they take: it knows how
many instructions the CPU begins in a cycle, how long each takes, which pipes can run it, and how far ahead it looks. It does
not know of caches (everything is in the first level) and of branches that are mistaken, so that a board is slower, and the
more so the more weights come from memory. The results are in [arm.json](../bench/results/arm.json).
`;
}

function modelSection(models) {
  const lines = models.map((row) => {
    const { board, gigahertz } = boardOf(row);
    return [
      ...[board, `${gigahertz} GHz`, row.bits, realTimeFactor(row).toFixed(3)],
      ...[(row.instructions / row.seconds / 1e6).toFixed(0)],
      ...row.parts.map(({ share }) => percent(share)),
    ];
  });
  const parts = models[0].parts.map(({ name }) => name);
  return `## The models that ship
A recording of ${models[0].seconds.toFixed(0)} s through a live session with its defaults, on one core, without loading the model. **RTF**:
computing time by that of the audio. Each stretch of instructions between two branches counts as often as it ran, with what
it takes when it follows itself. The rest of the columns say where the cycles go.

${table(['board', 'clock', 'bits', 'RTF', '10^6 instructions for a second', ...parts], lines)}
`;
}

function linearSection({ target, board, cpu, gigahertz, productsPerCycle }, all) {
  const rows = all.filter((row) => row.target === target);
  if (rows.length === 0) return '';
  const counts = [...new Set(rows.map((row) => row.rows))];
  const keyOf = (row) => [row.bits, row.group, row.depth, row.cols].join(' ');
  const cellsOf = (row) => {
    const { per256, gops, ofLimit } = speedOf(row);
    return [per256.toFixed(1), gops.toFixed(0), percent(ofLimit)];
  };
  const lines = [...new Set(rows.map(keyOf))].map((key) => {
    const same = rows.filter((row) => keyOf(row) === key);
    return [
      ...[`int${same[0].bits}`, groupName(same[0]), shapeName(same[0])],
      ...same.flatMap(cellsOf),
    ];
  });
  const head = counts.flatMap((count) => [`${rowsName(count)}: cycles`, 'GOPS', 'of limit']);
  return `## ${board}, ${target}
One linear on a ${cpu} at ${gigahertz} GHz, all that it executes: the rounding of its rows, the products, the scales. **Cycles**: for
256 products. **GOPS**: 10^9 operations a second, two for each product. **Of limit**: part of what the instructions that
multiply would take alone, ${productsPerCycle} products a cycle.

${table(['weights', 'group', 'matrix', ...head], lines)}
`;
}
