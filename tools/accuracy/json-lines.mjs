// Results of long runs, one JSON line for each recording, so that a run can go on where another stopped.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The lines written so far, by path of the recording. A line cut short is left out. */
export function readLines(file) {
  const done = new Map();
  if (!existsSync(file)) return done;
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    try {
      const line = JSON.parse(text);
      done.set(line.path, line);
    } catch {
      // The end of the file, or a line that an interrupted run did not finish.
    }
  }
  return done;
}

/**
 * Asks `lineFor(row)` for what `file` lacks of the manifest's rows, `jobs` at a time, and adds it.
 * `onDone(seconds of audio)` is called after each.
 */
export async function addLines({ file, rows, jobs, lineFor, onDone }) {
  mkdirSync(dirname(file), { recursive: true });
  const done = readLines(file);
  const missing = rows.filter(({ path }) => !done.has(path));
  const work = async () => {
    for (let row = missing.shift(); row !== undefined; row = missing.shift()) {
      const line = { path: row.path, ...(await lineFor(row)) };
      appendFileSync(file, `\n${JSON.stringify(line)}`);
      onDone(row.seconds);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
