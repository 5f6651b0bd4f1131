#!/usr/bin/env node
// Scores transcripts that another program made, beside our own, in docs/accuracy.md.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { readManifest, runTool, SUBSETS } from './corpus.mjs';
import { readCommandLine, SHARED } from './options.mjs';
import { writeReport } from './report.mjs';
import { printRow, recordRow, scoreSubset } from './rows.mjs';
import { readTranscripts } from './transcripts.mjs';

const { options, args } = readCommandLine({
  name: 'node tools/accuracy/score-transcripts.mjs',
  about:
    'FOLDER holds model.json (model, bits, groupSize, fileBytes, parameters, mode, chunkMs, as in ' +
    'bench/results/accuracy.json) and, for each subset, SUBSET.jsonl with a line for every recording: ' +
    '{"path", "text", "processingSeconds", "durationSeconds"}. Adds their rates to the results and the page.',
  options: [
    SHARED.data,
    new Option('--list <subset>', "print the paths of a subset's recordings instead").choices(
      Object.keys(SUBSETS),
    ),
  ],
  argument: { name: 'folder', meaning: 'folder of the transcripts' },
});

await runTool(async () => {
  const manifest = readManifest(options.data);
  if (options.list !== undefined) return listPaths(manifest);
  const [folder] = args;
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
  for (const { path } of manifest.filter(SUBSETS[options.list].holds)) console.log(path);
}
