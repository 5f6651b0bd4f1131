// The study's results: facts of every model and errors of every utterance, in one committed file.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { capped, confidenceInterval, errorPercent, pairedChange } from '../accuracy/wer.mjs';
import { BASELINE } from './configurations.mjs';

/**
 * - `sets`: {set, recordings, words}: a digest of the paths, and the reference's words of each utterance
 * - `models`: {id, key, how, file facts}: `key` changes with the file, or with what it is made from
 * - `measured`: {id, set, key, recordings, edits}: errors of each utterance, as many as there were
 */
const TABLES = ['sets', 'models', 'measured'];

export function readStudy(path) {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
  return Object.fromEntries(TABLES.map((name) => [name, []]));
}

/** The file is the old one or the new one, whenever the process ends. One row a line. */
export function writeStudy(path, study) {
  const tables = TABLES.map((name) => {
    const rows = study[name].map((row) => `\n    ${JSON.stringify(row)}`);
    return `  "${name}": [${rows.join(',')}\n  ]`;
  });
  writeFileSync(`${path}.tmp`, `{\n${tables.join(',\n')}\n}\n`);
  renameSync(`${path}.tmp`, path);
}

/** Whether these recordings were measured with the model that `key` stands for. */
export function isMeasured(study, { id, key }, { set, recordings }) {
  return study.measured.some(
    (row) => row.id === id && row.set === set && row.key === key && row.recordings === recordings,
  );
}

/** Puts `row` in the place of the one that it renews, or after all others. */
export function put(rows, row, ...names) {
  const at = rows.findIndex((other) => names.every((name) => other[name] === row[name]));
  if (at < 0) rows.push(row);
  else rows[at] = row;
}

/**
 * One configuration on one set: {wer, low, high, change}; `change` is against float32.
 * Undefined where it was not measured, or not on the recordings that float32 was measured on.
 */
export function resultOf(study, id, set) {
  const scores = scoresOf(study, id, set);
  const baseline = scoresOf(study, BASELINE, set);
  if (!scores || !baseline) return undefined;
  const [low, high] = confidenceInterval(scores.map(capped));
  return {
    ...{ wer: errorPercent(scores.map(capped)), low, high },
    change: pairedChange(scores.map(capped), baseline.map(capped)),
  };
}

function scoresOf(study, id, set) {
  const model = study.models.find((one) => one.id === id);
  const reference = study.sets.find((one) => one.set === set);
  const row = study.measured.find((one) => one.id === id && one.set === set);
  const current = row && row.key === model?.key && row.recordings === reference?.recordings;
  return current ? row.edits.map((edits, i) => ({ edits, words: reference.words[i] })) : undefined;
}

/**
 * The entries that were measured: {...entry, model, smaller, results: {set: resultOf}}. One that was
 * rounded in another way than it says now is left out until it is measured again.
 */
export function studyRows(study, entries) {
  const baseline = study.models.find(({ id }) => id === BASELINE);
  return entries.flatMap((entry) => {
    const model = study.models.find(({ id, how }) => id === entry.id && isSame(how, entry.how));
    const results = study.sets
      .map(({ set }) => [set, model && resultOf(study, entry.id, set)])
      .filter(([, result]) => result !== undefined);
    if (results.length === 0) return [];
    const smaller = baseline.fileBytes / model.fileBytes;
    return [{ ...entry, model, smaller, results: Object.fromEntries(results) }];
  });
}

function isSame(recorded, how) {
  return how.method === undefined || JSON.stringify(recorded) === JSON.stringify(how);
}
