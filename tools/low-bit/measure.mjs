// Measures what the results lack of one entry, set by set.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeModel, readHeader } from '../accuracy/configurations.mjs';
import { loadFacade } from '../accuracy/corpus.mjs';
import { startProgress } from '../accuracy/progress.mjs';
import { addTranscripts, readTranscripts } from '../accuracy/transcripts.mjs';
import { scoreUtterance } from '../accuracy/wer.mjs';
import { attentionProducts, partsOf } from './parts.mjs';
import { isMeasured, put } from './study.mjs';

/**
 * Every recording is one segment, and its text is taken at the end; the chunk is the model's default, and
 * each frame is heard once.
 */
const sessionOf = ({ defaultChunkMs }) => ({
  ...{ pauses: false, partials: false, words: false, beam: 1 },
  ...(defaultChunkMs > 0 && { chunkMs: defaultChunkMs, lookAheadMs: 0 }),
});

/**
 * Adds to `study` the facts of the entry's model and its errors on each of `sets`, [{set, recordings,
 * rows}], where they are missing; `save` is called after each set. `at` adds {jobs, fresh} to where
 * things lie.
 */
export async function measureEntry(entry, recipe, { study, sets, at, save }) {
  const { id } = entry;
  const wanted = { id, key: recipe.key };
  const missing = sets.filter((one) => at.fresh || !isMeasured(study, wanted, one));
  if (missing.length === 0) return;
  process.stderr.write(`${id}: ${missing.map(({ set }) => set).join(', ')}\n`);
  const path = await recipe.make();
  expectForm(entry, describeModel(path));
  const { loadModel, transcribe } = await loadFacade();
  const model = await loadModel(path);
  try {
    put(study.models, { ...wanted, how: entry.how, ...factsOf(path, model.info) }, 'id');
    for (const one of missing) {
      const hear = (recording) => transcribe(model, recording, sessionOf(model.info));
      const edits = await errorsOn(one, describeModel(path).sha256, hear, at);
      const { set, recordings } = one;
      put(study.measured, { ...wanted, set, recordings, edits }, 'id', 'set');
      save();
    }
  } finally {
    model.close();
  }
}

/**
 * Throws where most weights of the file are not held as the entry says; by a plan, those in the entry's
 * bits.
 */
export function expectForm({ part, how }, file) {
  if (part) return;
  const { bits = 32, group: groupSize, scheme, activations, plan } = how;
  const held = plan ? formIn(file.path, bits) : file;
  const said = { bits, groupSize, scheme, activations };
  for (const [name, value] of Object.entries(said)) {
    if (value === undefined || held[name] === value) continue;
    throw new Error(`${file.path} has ${name} ${held[name]} where the entry says ${value}.`);
  }
}

function formIn(path, bits) {
  const matrices = Object.values(readHeader(path).document.tensors);
  const found = matrices.find((one) => one.bits === bits);
  return { bits: found?.bits, scheme: 'symmetric', activations: 8, ...found };
}

async function errorsOn({ set, rows }, sha256, transcribeFile, at) {
  const file = join(at.work, 'transcripts', sha256.slice(0, 16), `${set}.jsonl`);
  if (at.fresh) rmSync(file, { force: true });
  const progress = startProgress(rows.reduce((sum, { seconds }) => sum + seconds, 0));
  await addTranscripts({
    ...{ file, rows, data: at.data, jobs: at.jobs, transcribeFile },
    onDone: progress.add,
  });
  progress.end();
  const heard = readTranscripts(file);
  return rows.map(({ path, text }) => scoreUtterance(text, heard.get(path).text).edits);
}

function factsOf(path, { parameters, bits, frameSeconds }) {
  const { name, sha256, fileBytes } = describeModel(path);
  return {
    ...{ name, sha256, fileBytes, parameters, bits, parts: partsOf(path) },
    attention: attentionProducts(path, frameSeconds),
  };
}
