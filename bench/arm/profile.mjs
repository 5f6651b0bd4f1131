// What a model takes on an ARM CPU: qemu counts how often each block of the program
// bench/cpp/transcribe.cc runs, and LLVM's model tells what a block takes when it follows itself.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { throughputOf } from './simulate.mjs';

// Blocks beyond, of few executions each, count as many cycles as the others in the mean.
const SIMULATED = 0.995; // of all instructions

/** Parts of the work by the names of functions; the first that fits. */
const PARTS = [
  ['products of integers', /::QuantizedTiles</],
  ['products of floats', /::(UnpackedLinear|FloatLinear|MatMulTile)\b/],
  ['the rest', /(?:)/],
];

/**
 * Cycles of transcribing samples, without those of loading the model: {text, instructions, cycles,
 * parts: [{name, share}]}. library: the plugin; samples: at 16 kHz.
 */
export function profileModel(program, library, { cpu, model, file, samples }) {
  const all = countBlocks(program, library, cpu, file, samples);
  const loading = countBlocks(program, library, cpu, file, new Float32Array(0));
  const blocks = [];
  for (const [key, { address, length, times }] of all.blocks) {
    const own = times - (loading.blocks.get(key)?.times ?? 0);
    if (own > 0) blocks.push({ address, length, instructions: own * length, times: own });
  }
  blocks.sort((a, b) => b.instructions - a.instructions);
  const instructions = blocks.reduce((sum, block) => sum + block.instructions, 0);

  const parts = new Map(PARTS.map(([name]) => [name, 0]));
  let cycles = 0;
  let simulated = 0;
  for (const block of blocks) {
    if (simulated > SIMULATED * instructions) break;
    const list = program.instructionsAt(block.address, block.length);
    const taken = throughputOf(list, model) * block.times;
    const name = program.functionAt(block.address);
    const [part] = PARTS.find(([, pattern]) => pattern.test(name));
    parts.set(part, parts.get(part) + taken);
    cycles += taken;
    simulated += block.instructions;
  }
  return {
    text: all.text,
    instructions,
    cycles: Math.round((cycles * instructions) / simulated),
    parts: Array.from(parts, ([name, taken]) => ({
      name,
      share: Number((taken / cycles).toFixed(3)),
    })),
  };
}

function countBlocks(program, library, cpu, file, samples) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-profile-'));
  const [audio, counts] = [path.join(folder, 'audio'), path.join(folder, 'counts')];
  try {
    writeFileSync(audio, new Uint8Array(samples.buffer));
    const text = execFileSync(
      'qemu-aarch64',
      ['-cpu', cpu, '-plugin', `file=${library},out=${counts}`, program.path, file, audio],
      { encoding: 'utf8' },
    );
    const lines = readFileSync(counts, 'utf8').trim().split('\n');
    const blocks = lines.map((line) => {
      const [address, length, times] = line.split(' ');
      const block = { address: Number.parseInt(address, 16), length: Number(length) };
      return [`${address} ${length}`, { ...block, times: Number(times) }];
    });
    return { text: text.trim(), blocks: new Map(blocks) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
