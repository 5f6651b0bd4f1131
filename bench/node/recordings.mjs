// Decodes the bench's recordings once, so that no measurement includes an audio decoder.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest, readMono16k } from '../../tools/accuracy/corpus.mjs';

const LONGEST_SECONDS = 20;

/** Writes the first `count` dev recordings as one float32 file -> {file, items: [{path, text, offset, length}]}. */
export async function prepareRecordings({ data, work, count }) {
  const file = join(work, `recordings-${count}.f32`);
  const index = `${file}.json`;
  try {
    return { file, items: JSON.parse(readFileSync(index, 'utf8')) };
  } catch {
    // Not prepared yet.
  }
  const rows = readManifest(data)
    .filter(({ split, seconds }) => split === 'dev' && seconds <= LONGEST_SECONDS)
    .slice(0, count);
  const items = [];
  const parts = [];
  let offset = 0;
  for (const { path, text } of rows) {
    const samples = await readMono16k(join(data, path));
    items.push({ path, text, offset, length: samples.length });
    parts.push(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    offset += samples.length;
  }
  mkdirSync(work, { recursive: true });
  writeFileSync(file, Buffer.concat(parts));
  writeFileSync(index, JSON.stringify(items));
  return { file, items };
}
