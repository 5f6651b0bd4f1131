// How many cycles a CPU's pipes take for a sequence of instructions, by LLVM's model of them
// (llvm-mca): issue, latencies and ports; every load hits the first level of the cache and every
// branch is foretold.
import { execFileSync } from 'node:child_process';

const REPEATS = 50;

/** The cycles of a sequence; model: a CPU by LLVM's name. */
export const cyclesOf = (instructions, model) => simulate(instructions, model, 1);

/** The cycles of a sequence that runs over and over. */
export const throughputOf = (instructions, model) =>
  simulate(instructions, model, REPEATS) / REPEATS;

function simulate(instructions, model, times) {
  const report = execFileSync(
    'llvm-mca-19',
    [
      ...['-mtriple=aarch64', `-mcpu=${model}`, '-mattr=+dotprod', `-iterations=${times}`],
      ...['-instruction-info=false', '-resource-pressure=false', '-'],
    ],
    {
      input: ['here:', ...instructions.map(assembled)].join('\n'),
      encoding: 'utf8',
      stdio: 'pipe',
    },
  );
  return Number(/Total Cycles:\s+(\d+)/.exec(report)[1]);
}

/**
 * What objdump wrote, as an assembler reads it: where a branch leads does not matter, as the sequence
 * is what was executed, and a call or return is to it one more branch.
 */
export function assembled(text) {
  const [name, operands = ''] = text.split('\t');
  if (name === 'bl' || name === 'blr' || name === 'br' || name === 'ret') return 'b here';
  return `${name} ${operands.replace(/\b(0x)?[0-9a-f]+ <.*>$/, 'here')}`;
}
