// Transcripts of one configuration over one subset, kept as JSON lines so that a run can go on where
// another stopped.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The transcripts written so far, by path of the recording. A line cut short is left out. */
export function readTranscripts(file) {
  const done = new Map();
  if (!existsSync(file)) return done;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    try {
      const transcript = JSON.parse(line);
      done.set(transcript.path, transcript);
    } catch {
      // The end of the file, or a line that an interrupted run did not finish.
    }
  }
  return done;
}

/**
 * Transcribes the rows that `file` lacks, `jobs` at a time, and adds them to it.
 * `onDone(seconds of audio)` is called after each.
 */
export async function addTranscripts({ file, rows, data, jobs, transcribeFile, onDone }) {
  mkdirSync(dirname(file), { recursive: true });
  const done = readTranscripts(file);
  const missing = rows.filter(({ path }) => !done.has(path));
  const work = async () => {
    for (let row = missing.shift(); row !== undefined; row = missing.shift()) {
      const { text, processingSeconds, durationSeconds } = await transcribeFile(
        join(data, row.path),
      );
      const line = { path: row.path, text, processingSeconds, durationSeconds };
      appendFileSync(file, `\n${JSON.stringify(line)}`);
      onDone(row.seconds);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
