// Transcripts of one configuration over one subset.
import { join } from 'node:path';
import { addLines } from './json-lines.mjs';

export { readLines as readTranscripts } from './json-lines.mjs';

/**
 * Transcribes the rows that `file` lacks, `jobs` at a time, and adds them to it.
 * `onDone(seconds of audio)` is called after each.
 */
export async function addTranscripts({ data, transcribeFile, ...rest }) {
  const lineFor = async ({ path }) => {
    const transcript = await transcribeFile(join(data, path));
    const { text, processingSeconds, durationSeconds } = transcript;
    return { text, processingSeconds, durationSeconds };
  };
  await addLines({ ...rest, lineFor });
}
