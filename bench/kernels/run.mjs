#!/usr/bin/env node
// Measures the linears of every target beside ONNX Runtime's and writes docs/kernels.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTool } from '../../tools/accuracy/corpus.mjs';
import { count, Option, readCommandLine, SHARED } from '../../tools/accuracy/options.mjs';
import { toJson } from '../written.mjs';
import { listCases, listFused, listOthers } from './cases.mjs';
import { measureAll, mergePasses } from './measure.mjs';
import { startProgram } from './measure-program.mjs';
import { kernelsPage, plotted } from './page.mjs';
import { describeRow } from './speeds.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORK = join(ROOT, 'bench/work/kernels');
const BUILD = join(ROOT, 'build-bench');
const { options } = readCommandLine({
  name: 'node bench/kernels/run.mjs',
  about:
    'Builds bench/cpp/measure.cc, measures every linear of every target that this CPU runs, one thread, ' +
    "beside onnxruntime-node's DynamicQuantizeMatMul and MatMulNBits, other formats and fused parts without " +
    'a peer, and the limits of the CPU in the same run; writes bench/results/kernels.json, its plot and ' +
    'docs/kernels.md. A run with --quick or --target is a trial: what it writes goes to bench/work/kernels.',
  options: [
    new Option('--quick', 'two shapes, few formats and rows'),
    new Option('--target <name...>', 'only these targets; the first is set beside ONNX Runtime'),
    count('--passes', 'times that everything is measured, one after the other').default(3),
    count('--rounds', 'times in a pass that all engines are measured in turn').default(3),
    SHARED.reportOnly('only write the page and the plot from the results'),
  ],
});

const isTrial = options.quick || options.target !== undefined;
const OUT = isTrial
  ? { folder: WORK, page: join(WORK, 'kernels.md'), plotLink: 'kernels.svg' }
  : {
      folder: join(ROOT, 'bench/results'),
      page: join(ROOT, 'docs/kernels.md'),
      plotLink: '../bench/results/kernels.svg',
    };

await runTool(async () => {
  mkdirSync(OUT.folder, { recursive: true });
  const file = join(OUT.folder, 'kernels.json');
  if (!options.reportOnly) writeFileSync(file, toJson(await measure()));
  if (!existsSync(file)) throw new Error(`There is no ${file} yet; measure first.`);
  const results = JSON.parse(readFileSync(file, 'utf8'));
  const { plotKernels } = await loadOwn('../plot.mjs');
  await plotKernels(plotted(results), join(OUT.folder, 'kernels.svg'));
  writeFileSync(OUT.page, kernelsPage(results, OUT.plotLink));
  console.log(`wrote ${OUT.page}`);
});

async function measure() {
  const { openLinears: openPeer } = await loadOwn('./onnx-linear.mjs');
  const loadBefore = os.loadavg()[0];
  const program = startProgram(build());
  try {
    const targets = chooseTargets(await program.ask('targets'));
    const { rounds } = options;
    const onRow = (row) => console.log(describeRow(row));
    const how = { program, openPeer, targets, rounds, onRow };
    const passes = [];
    const [cases, others] = [listCases(options), listOthers(options)];
    const lists = { cases, others, fused: listFused(options) };
    for (let pass = 1; pass <= options.passes; pass++) {
      console.log(`pass ${pass} of ${options.passes}`);
      passes.push(await measureAll(lists, how));
    }
    return { ...aboutRun(loadBefore), ...mergePasses(passes) };
  } finally {
    await program.stop();
  }
}

function build() {
  const cmake = (...words) => execFileSync('cmake', words, { stdio: ['ignore', 2, 2] });
  try {
    cmake('-S', ROOT, '-B', BUILD, '-DCMAKE_BUILD_TYPE=Release');
    cmake('--build', BUILD, '--target', 'parrotlet_measure', '-j2');
  } catch (cause) {
    throw new Error(`Building needs cmake and a C++20 compiler. ${cause.message}`);
  }
  return join(BUILD, 'parrotlet_measure');
}

function chooseTargets(all) {
  const missing = options.target?.find((target) => !all.includes(target));
  if (missing === undefined) return options.target ?? all;
  throw new Error(`This build or CPU does not have "${missing}"; it has ${all.join(', ')}.`);
}

function aboutRun(loadBefore) {
  const git = (...words) => execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' }).trim();
  const peer = join(ROOT, 'bench/node_modules/onnxruntime-node/package.json');
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: git('describe', '--always', '--dirty'),
    node: process.version,
    onnxruntime: JSON.parse(readFileSync(peer, 'utf8')).version,
    cpu: os.cpus()[0].model,
    cores: os.cpus().length,
    load: [loadBefore, os.loadavg()[0]].map((value) => Number(value.toFixed(2))),
    passes: options.passes,
    rounds: options.rounds,
  };
}

/** A module that needs the packages of bench. */
async function loadOwn(path) {
  try {
    return await import(path);
  } catch (cause) {
    throw new Error(
      'This needs the packages of bench: run "npm install --prefix bench --ignore-scripts ' +
        `--no-package-lock" once. ${cause.message}`,
    );
  }
}
