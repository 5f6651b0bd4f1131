#!/usr/bin/env node
// Scores transcripts that another program made, beside our own, in docs/accuracy.md.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_DATA, readManifest, runTool, SUBSETS } from './corpus.mjs';
import { writeReport } from './report.mjs';
import { printRow, recordRow, scoreSubset } from './rows.mjs';
import { readTranscripts } from './transcripts.mjs';

const HELP = `usage: node tools/accuracy/score-transcripts.mjs [options] FOLDER

FOLDER holds model.json (model, bits, groupSize, fileBytes, parameters, mode, chunkMs, as in
bench/results/accuracy.json) and, for each subset, SUBSET.jsonl with a line for every recording:
{"path", "text", "processingSeconds", "durationSeconds"}. Adds their rates to the results and the page.

  --data DIR     folder with manifest.tsv (default ../shared/data)
  --list SUBSET  print the paths of a subset's recordings instead (${Object.keys(SUBSETS).join(', ')})
  --help`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: DEFAULT_DATA },
    list: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

await runTool(async () => {
  if (options.help) return console.log(HELP);
  const manifest = readManifest(options.data);
  if (options.list !== undefined) return listPaths(manifest);
  const [folder] = positionals;
  if (folder === undefined) throw new Error('Give the folder of the transcripts; see --help.');
  const facts = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const found = Object.keys(SUBSETS).filter((name) => existsSync(join(folder, `${name}.jsonl`)));
  if (found.length === 0) throw new Error(`${folder} has no transcripts: no SUBSET.jsonl.`);
  for (const name of found) {
    const rows = manifest.filter(SUBSETS[name].holds);
    const transcripts = readTranscripts(join(folder, `${name}.jsonl`));
    const row = scoreSubset(facts, { name, rows }, transcripts);
    printRow(row);
    recordRow(row);
  }
  writeReport();
});

function listPaths(manifest) {
  const subset = SUBSETS[options.list];
  if (!subset) throw new Error(`There is no subset "${options.list}"; see --help.`);
  for (const { path } of manifest.filter(subset.holds)) console.log(path);
}
