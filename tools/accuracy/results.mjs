// Small results that are committed, each a JSON file in bench/results.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function resultPath(name, extension = 'json') {
  return fileURLToPath(new URL(`../../bench/results/${name}.${extension}`, import.meta.url));
}

/** What was recorded last; undefined where nothing was. */
export function readResult(name) {
  const path = resultPath(name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

export function recordResult(name, result) {
  const text = JSON.stringify(result, null, 2);
  const numbersInALine = text.replace(/\[[-\d.,\s]+\]/g, (list) => list.replace(/\s+/g, ' '));
  writeFileSync(resultPath(name), `${numbersInALine}\n`);
}

export function round(value, digits) {
  return Number(value.toFixed(digits));
}
