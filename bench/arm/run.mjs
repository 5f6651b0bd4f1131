#!/usr/bin/env node
// Estimates how fast linears and models are on ARM CPUs, without such a CPU, and writes docs/arm.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMono16k, runTool } from '../../tools/accuracy/corpus.mjs';
import { Option, readCommandLine, SHARED } from '../../tools/accuracy/options.mjs';
import { ensureSimulationPackages } from '../../tools/set-up.mjs';
import { toJson } from '../written.mjs';
import { BOARDS, boardsOf, describe, listCases, MODEL_BITS, realTimeFactor } from './cases.mjs';
import { armPage } from './page.mjs';
import { profileModel } from './profile.mjs';
import { Program } from './program.mjs';
import { cyclesOf } from './simulate.mjs';
import { traceLinear } from './trace.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = join(ROOT, 'build/cmake-arm');
const RECORDING = 'examples/audio/librivox-austen-0870.wav';
const targets = BOARDS.map(({ target }) => target);
const { options } = readCommandLine({
  name: 'node bench/arm/run.mjs',
  about:
    'Builds programs for ARM, has qemu tell which instructions a linear and a model execute there, and ' +
    "LLVM's models of the CPUs of the Raspberry Pi 4 and 5 how many cycles these take; writes " +
    'bench/results/arm.json and docs/arm.md. The same code gives the same figures on any machine. A run with ' +
    '--quick or --target is a trial: what it writes goes to bench/work/arm.',
  options: [
    new Option('--quick', 'one small matrix, and a second of speech'),
    new Option('--target <name>', 'only this target').choices(targets),
    SHARED.reportOnly('only write the page from the results'),
  ],
});

const isTrial = options.quick || options.target !== undefined;
const OUT = isTrial
  ? { folder: join(ROOT, 'bench/work/arm'), page: join(ROOT, 'bench/work/arm/arm.md') }
  : { folder: join(ROOT, 'bench/results'), page: join(ROOT, 'docs/arm.md') };

await runTool(async () => {
  mkdirSync(OUT.folder, { recursive: true });
  const file = join(OUT.folder, 'arm.json');
  if (!options.reportOnly) writeFileSync(file, toJson(await estimate()));
  if (!existsSync(file))
    throw new Error(`There is no ${file} yet; run without --report-only first.`);
  writeFileSync(OUT.page, armPage(JSON.parse(readFileSync(file, 'utf8'))));
  console.log(`wrote ${OUT.page}`);
});

async function estimate() {
  ensureSimulationPackages();
  build();
  const version = (...command) =>
    execFileSync(command[0], command.slice(1), { cwd: ROOT, encoding: 'utf8' }).trim();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: version('git', 'describe', '--always', '--dirty'),
    compiler: version('aarch64-linux-gnu-g++', '-dumpfullversion'),
    simulator: /LLVM version (\S+)/.exec(version('llvm-mca-19', '--version'))[1],
    models: await estimateModels(),
    linears: estimateLinears(),
  };
}

async function estimateModels() {
  const program = new Program(join(BUILD, 'parrotlet_transcribe'));
  const all = await readMono16k(join(ROOT, RECORDING));
  const samples = options.quick ? all.slice(0, 16000) : all;
  const library = join(BUILD, 'count_blocks.so');
  return boardsOf(options.target).flatMap(({ target, cpu, model }) =>
    MODEL_BITS.map((bits) => {
      const file = join(ROOT, `models/parrotlet-tiny-en-int${bits}.safetensors`);
      const profile = profileModel(program, library, { cpu, model, file, samples });
      const row = { target, bits, seconds: samples.length / 16000, ...profile };
      console.log(`${target}, model in ${bits} bits: RTF ${realTimeFactor(row).toFixed(3)}`);
      return row;
    }),
  );
}

function estimateLinears() {
  const program = new Program(join(BUILD, 'parrotlet_trace'));
  const cases = listCases(options);
  return cases.map((one, i) => {
    const instructions = traceLinear(program, one);
    const { cpu: _, model, ...row } = one;
    row.instructions = instructions.length;
    row.cycles = cyclesOf(instructions, model);
    console.log(`${i + 1} of ${cases.length}: ${describe(row)}`);
    return row;
  });
}

function build() {
  const show = (command, ...words) => execFileSync(command, words, { stdio: ['ignore', 2, 2] });
  const toolchain = join(ROOT, 'cmake/aarch64-linux-gnu.cmake');
  const options = ['-DCMAKE_BUILD_TYPE=Release', `-DCMAKE_TOOLCHAIN_FILE=${toolchain}`];
  show('cmake', '-S', ROOT, '-B', BUILD, ...options);
  for (const target of ['parrotlet_trace', 'parrotlet_transcribe']) {
    show('cmake', '--build', BUILD, '--target', target, '-j2');
  }
  const source = join(ROOT, 'bench/arm/count_blocks.c');
  show('cc', '-O2', '-shared', '-fPIC', source, '-o', join(BUILD, 'count_blocks.so'));
}
