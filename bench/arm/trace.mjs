// Which instructions a linear executes on an ARM CPU: the program bench/cpp/trace.cc under qemu,
// which tells the address of each.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const BEGIN = 'parrotlet_trace_begin';
const END = 'parrotlet_trace_end';

/** The instructions of one linear, in order, but for those of the C library. */
export function traceLinear(program, { cpu, target, bits, group, rows, depth, cols }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-trace-'));
  const log = path.join(folder, 'log');
  const isWanted = (name) => name === BEGIN || name === END || name.includes(`::${target}::`);
  const ranges = program.rangesOf(isWanted).map(({ address, size }) => `${address}+${size}`);
  try {
    execFileSync('qemu-aarch64', [
      ...['-cpu', cpu, '-singlestep', '-d', 'exec,nochain', '-dfilter', ranges.join(',')],
      ...['-D', log, program.path, target],
      ...[bits, group, rows, depth, cols].map(String),
    ]);
    return between(readFileSync(log, 'utf8')).map((address) => program.instructionsAt(address)[0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The addresses between the marks. A line: Trace 0: HOST [CS/ADDRESS/FLAGS/CFLAGS] FUNCTION */
function between(log) {
  const steps = Array.from(log.matchAll(/\[[0-9a-f]+\/([0-9a-f]+)\/.*\] (\S*)$/gm), (step) => ({
    address: Number.parseInt(step[1], 16),
    name: step[2],
  }));
  const begin = steps.findLastIndex(({ name }) => name === BEGIN);
  const end = steps.findLastIndex(({ name }) => name === END);
  if (begin < 0 || end <= begin)
    throw new Error(`qemu told of nothing between ${BEGIN} and ${END}.`);
  return steps.slice(begin + 1, end).map(({ address }) => address);
}
