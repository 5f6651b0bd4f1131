// Small results that are committed, each a JSON file in bench/results.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function resultPath(name) {
  return fileURLToPath(new URL(`../../bench/results/${name}.json`, import.meta.url));
}

export function recordResult(name, result) {
  writeFileSync(resultPath(name), `${JSON.stringify(result, null, 2)}\n`);
}

export function round(value, digits) {
  return Number(value.toFixed(digits));
}
