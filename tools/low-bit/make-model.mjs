// Finds the model file of an entry, or quantizes it from the float32 model.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readHeader } from '../accuracy/configurations.mjs';
import { spread } from '../accuracy/corpus.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What stands behind an entry: {key, make}, `make` giving the file's path. `at` says where things lie:
 * {float, trained, work, data, manifest}; at most `at.limit` recordings calibrate.
 */
export function recipeOf({ id, how }, at) {
  const source = how.method === undefined ? fileOf(how, at) : at.float;
  if (!existsSync(source)) throw new Error(`There is no ${source}.`);
  if (how.method === undefined) {
    return { key: readHeader(source).parrotlet.sha256.slice(0, 16), make: async () => source };
  }
  const rules = how.plan ? rulesOfPlan(how) : how.rules;
  const calibration =
    how.calibrate && calibrationPaths(at.manifest, Math.min(how.calibrate, at.limit));
  const settings = { ...how, rules, calibration };
  const { plan: _, ...recipe } = settings; // where its rules are written makes no other model
  const key = digest(JSON.stringify([readHeader(at.float).parrotlet.sha256, recipe]));
  const path = join(at.work, 'models', `${id}-${key}.safetensors`);
  return { key, make: () => quantize(path, settings, at) };
}

function fileOf({ model, steps }, at) {
  if (model === undefined) return at.float;
  return steps === undefined ? join(ROOT, model) : join(at.trained, model);
}

/** The rules of a plan, but that the matrices in the entry's bits take its scheme. */
function rulesOfPlan({ plan, bits, scheme }) {
  const rules = JSON.parse(readFileSync(join(ROOT, plan), 'utf8'));
  return rules.map((rule) => {
    const other = rule.bits === bits && (rule.scheme ?? 'symmetric') !== scheme;
    return other ? { ...rule, scheme } : rule;
  });
}

/** Recordings to calibrate on: of 4 to 16 s, evenly spread over the train split. */
export function calibrationPaths(manifest, count) {
  const fitting = manifest.filter(
    ({ split, seconds }) => split === 'train' && seconds >= 4 && seconds <= 16,
  );
  return spread(fitting, count).map(({ path }) => path);
}

async function quantize(path, settings, at) {
  if (existsSync(path)) return path;
  mkdirSync(join(at.work, 'models'), { recursive: true });
  const { quantizeModel } = await import('../../dist/esm/quantize/quantize-model.js');
  const { bits, method, scheme, group, clip, clipError, activations, floats } = settings;
  const { plan, rules, calibration } = settings;
  await quantizeModel({
    ...{ source: at.float, output: path, bits, method, plan: rules },
    ...(scheme !== 'symmetric' && !plan && { scheme }), // a plan's rules say it themselves
    ...(activations !== 8 && { activations }),
    ...(group && { groupSize: group }),
    ...(clip && { clip }),
    ...(clipError && { clipError }),
    ...(floats && { floats }),
    ...(calibration && { calibration: calibration.map((name) => join(at.data, name)) }),
  });
  return path;
}

export function digest(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
