// The rows of the accuracy page: a model's rates on one subset, kept in bench/results/accuracy.json.
import { writeFileSync } from 'node:fs';
import { readResult, resultPath, round } from './results.mjs';
import { capped, confidenceInterval, errorPercent, scoreUtterance } from './wer.mjs';

/**
 * Scores `transcripts` (by path) of the recordings `rows`. `facts` say what was measured: {model, bits,
 * groupSize, fileBytes, parameters, mode, chunkMs}.
 */
export function scoreSubset(facts, { name, rows }, transcripts) {
  const missing = rows.find(({ path }) => !transcripts.has(path));
  if (missing) throw new Error(`There is no transcript of ${missing.path} (subset ${name}).`);
  const heard = rows.map(({ path, text }) => ({ reference: text, ...transcripts.get(path) }));
  const scores = heard.map(({ reference, text }) => scoreUtterance(reference, text));
  const sum = (property) => heard.reduce((total, one) => total + one[property], 0);
  const [low, high] = confidenceInterval(scores.map(capped));
  return {
    ...facts,
    subset: name,
    utterances: rows.length,
    words: scores.reduce((total, { words }) => total + words, 0),
    wer: round(errorPercent(scores.map(capped)), 2),
    low: round(low, 2),
    high: round(high, 2),
    uncapped: round(errorPercent(scores), 2),
    realTimeFactor: round(sum('processingSeconds') / sum('durationSeconds'), 4),
  };
}

export function printRow({ model, mode, chunkMs, subset, wer, low, high, uncapped, ...row }) {
  const chunk = chunkMs === 'segment' ? 'whole segment' : `${chunkMs} ms`;
  console.log(
    `${model}, ${mode}, ${chunk}, ${subset}: WER ${wer} % (${low} to ${high}; uncapped ${uncapped}), ` +
      `real-time factor ${row.realTimeFactor}`,
  );
}

export function readRows() {
  return readResult('accuracy') ?? [];
}

/** Puts a row in the place of the one of the same configuration, or after all others. */
export function recordRow(row) {
  const key = (r) => [r.model, r.mode, r.chunkMs, r.subset].join('/');
  const rows = readRows();
  const at = rows.findIndex((other) => key(other) === key(row));
  if (at < 0) rows.push(row);
  else rows[at] = row;
  writeFileSync(
    resultPath('accuracy'),
    `[\n${rows.map((r) => `  ${JSON.stringify(r)}`).join(',\n')}\n]\n`,
  );
}
