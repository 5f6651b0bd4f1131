#!/usr/bin/env node
// Measures word error rates of model files over recordings with transcripts, and writes docs/accuracy.md.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import { configurationsOf, listModels } from './configurations.mjs';
import { loadFacade, readManifest, runTool, SUBSETS } from './corpus.mjs';
import { readCommandLine, SHARED } from './options.mjs';
import { startProgress } from './progress.mjs';
import { writeReport } from './report.mjs';
import { printRow, recordRow, scoreSubset } from './rows.mjs';
import { addTranscripts, readTranscripts } from './transcripts.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { options } = readCommandLine({
  name: 'node tools/accuracy/run.mjs',
  about:
    'Transcribes every recording of the subsets with every model file and chunk, scores the texts, adds ' +
    'the rates to bench/results/accuracy.json and writes docs/accuracy.md. A run that was stopped goes ' +
    "on where it was: transcripts are kept in the work folder, by the model's hash; --fresh after a " +
    'change of the engine.',
  options: [
    SHARED.data,
    new Option('--models <dir>', 'folder of *.safetensors').default(join(ROOT, 'models'), 'models'),
    SHARED.subsets('--subset', ['dev', 'test-other']),
    new Option(
      '--only <text>',
      'only where "MODEL MODE CHUNK" contains it, as in "int4 whole 648"',
    ).default('', 'all'),
    SHARED.limit('only the first N recordings of a subset; rates are printed but not recorded'),
    SHARED.jobs(2),
    SHARED.work(join(ROOT, 'bench/work/accuracy'), 'transcripts'),
    SHARED.fresh,
    SHARED.reportOnly('only write docs/accuracy.md from bench/results/accuracy.json'),
  ],
});

await runTool(async () => {
  if (!options.reportOnly) await measureAll();
  writeReport();
});

async function measureAll() {
  const manifest = readManifest(options.data);
  const subsets = options.subset.map((name) => ({
    name,
    rows: manifest.filter(SUBSETS[name].holds).slice(0, options.limit),
  }));
  const { loadModel, transcribe } = await loadFacade();
  for (const file of listModels(options.models)) {
    const model = await loadModel(file.path);
    const wanted = configurationsOf(file, model.info).filter(({ mode, chunkMs }) =>
      `${file.name} ${mode} ${chunkMs}`.includes(options.only),
    );
    for (const configuration of wanted) {
      for (const subset of subsets) {
        const row = await measure(configuration, subset, model, transcribe);
        printRow(row);
        if (options.limit === Number.POSITIVE_INFINITY) recordRow(row);
      }
    }
    model.close();
  }
}

async function measure(configuration, { name, rows }, model, transcribe) {
  const file = join(options.work, configuration.id, `${name}.jsonl`);
  if (options.fresh) rmSync(file, { force: true });
  const progress = startProgress(rows.reduce((sum, { seconds }) => sum + seconds, 0));
  await addTranscripts({
    file,
    rows,
    data: options.data,
    jobs: options.jobs,
    transcribeFile: (path) => transcribe(model, path, configuration.options),
    onDone: progress.add,
  });
  progress.end();
  const { model: described, mode, chunkMs } = configuration;
  const facts = {
    model: described.name,
    bits: model.info.bits,
    groupSize: described.groupSize ?? null,
    fileBytes: described.fileBytes,
    parameters: model.info.parameters,
    mode,
    chunkMs,
  };
  return scoreSubset(facts, { name, rows }, readTranscripts(file));
}
