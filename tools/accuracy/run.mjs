#!/usr/bin/env node
// Measures word error rates of model files over recordings with transcripts, and writes docs/accuracy.md.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { configurationsOf, listModels } from './configurations.mjs';
import { DEFAULT_DATA, loadFacade, readManifest, runTool, SUBSETS } from './corpus.mjs';
import { startProgress } from './progress.mjs';
import { writeReport } from './report.mjs';
import { printRow, recordRow, scoreSubset } from './rows.mjs';
import { addTranscripts, readTranscripts } from './transcripts.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HELP = `usage: node tools/accuracy/run.mjs [options]

Transcribes every recording of the subsets with every model file and chunk, scores the texts, adds the
rates to bench/results/accuracy.json and writes docs/accuracy.md. A run that was stopped goes on where
it was: transcripts are kept in the work folder, by the model's hash; --fresh after a change of the engine.

  --data DIR      folder with manifest.tsv and the recordings (default ../shared/data)
  --models DIR    folder of *.safetensors model files (default models)
  --subset NAME   ${Object.keys(SUBSETS).join(', ')}; may be repeated (default: dev and test-other)
  --only TEXT     only configurations whose "MODEL MODE CHUNK" contains TEXT, such as "w4 whole 648"
  --limit N       only the first N recordings of a subset; rates are printed but not recorded
  --jobs N        recordings at a time (default 2)
  --work DIR      transcripts (default bench/work/accuracy)
  --fresh         forget the transcripts of earlier runs
  --report-only   only write docs/accuracy.md from bench/results/accuracy.json
  --help`;

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: DEFAULT_DATA },
    models: { type: 'string', default: join(ROOT, 'models') },
    subset: { type: 'string', multiple: true, default: ['dev', 'test-other'] },
    only: { type: 'string', default: '' },
    limit: { type: 'string', default: 'Infinity' },
    jobs: { type: 'string', default: '2' },
    work: { type: 'string', default: join(ROOT, 'bench/work/accuracy') },
    fresh: { type: 'boolean', default: false },
    'report-only': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

await runTool(async () => {
  if (options.help) return console.log(HELP);
  if (!options['report-only']) await measureAll();
  writeReport();
});

async function measureAll() {
  const unknown = options.subset.find((name) => !Object.hasOwn(SUBSETS, name));
  if (unknown) throw new Error(`There is no subset "${unknown}"; ${Object.keys(SUBSETS)} exist.`);
  const manifest = readManifest(options.data);
  const subsets = options.subset.map((name) => ({
    name,
    rows: manifest.filter(SUBSETS[name].holds).slice(0, Number(options.limit)),
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
        if (options.limit === 'Infinity') recordRow(row);
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
    jobs: Number(options.jobs),
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
