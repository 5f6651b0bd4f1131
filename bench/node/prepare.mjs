#!/usr/bin/env node
// Makes or fetches every model that the bench measures; what is there already is left alone.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_DATA, loadFacade, runTool } from '../../tools/accuracy/corpus.mjs';
import { CONFORMERS, conformerFile, MOONSHINE_FILE } from './subjects.mjs';

const BENCH = fileURLToPath(new URL('..', import.meta.url));
const MOONSHINE_PACKAGE = 'moonshine-voice==0.0.49';
const HELP = `usage: node bench/node/prepare.mjs [options]

Fills the work folder: streaming Conformers with random weights for ONNX Runtime and for parrotlet,
Moonshine tiny as its makers ship it (Python package ${MOONSHINE_PACKAGE}) and imported by parrotlet.

  --python PATH   python with onnx, onnxruntime, onnx-ir and numpy (default python3)
  --data DIR      folder with base/moonshine-tiny-en (default ../shared/data)
  --work DIR      where the models go (default bench/work)
  --help`;

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    data: { type: 'string', default: DEFAULT_DATA },
    work: { type: 'string', default: join(BENCH, 'work') },
    help: { type: 'boolean', default: false },
  },
});

await runTool(async () => {
  if (options.help) return console.log(HELP);
  mkdirSync(join(options.work, 'models'), { recursive: true });
  makeOnnx();
  fetchMoonshine();
  await makeOurs();
});

function makeOnnx() {
  const out = join(options.work, 'onnx');
  if (existsSync(join(out, 'conformer-l-int2.onnx'))) return;
  python([join(BENCH, 'peers/make_onnx.py'), '--out', out]);
}

function fetchMoonshine() {
  const out = join(options.work, 'moonshine');
  if (existsSync(join(out, 'tokenizer.bin'))) return;
  const folder = mkdtempSync(join(tmpdir(), 'moonshine-'));
  python(['-m', 'pip', 'download', '-q', '--no-deps', '-d', folder, MOONSHINE_PACKAGE]);
  const [wheel] = readdirSync(folder);
  python(['-m', 'zipfile', '-e', join(folder, wheel), folder]);
  mkdirSync(out, { recursive: true });
  const assets = join(folder, 'moonshine_voice/assets/tiny-en');
  for (const name of readdirSync(assets)) copyFileSync(join(assets, name), join(out, name));
  rmSync(folder, { recursive: true });
}

async function makeOurs() {
  await loadFacade(); // says what to do where the package is not built
  const { importModel } = await import('../../dist/esm/import/import-model.js');
  const make = async (file, source, bits, groupSize) => {
    const output = join(options.work, file);
    if (existsSync(output)) return;
    const fixed = { indivisible: 'channel', clip: 'max', date: new Date(0) };
    await importModel({ source, output, bits, groupSize, ...fixed });
    console.log(file);
  };
  for (const one of CONFORMERS) {
    await make(conformerFile(one), `random:conformer-${one.preset}:1`, one.bits, one.groupSize);
  }
  await make(MOONSHINE_FILE, join(options.data, 'base/moonshine-tiny-en'), 8, 'channel');
}

function python(words) {
  try {
    execFileSync(options.python, words, { stdio: 'inherit' });
  } catch (error) {
    throw new Error(
      `${options.python} failed (${error.message}). It needs the packages onnx, onnxruntime, onnx-ir ` +
        'and numpy: make an environment with "python3 -m venv", install them with pip, and give its ' +
        'bin/python with --python.',
    );
  }
}
