// The recordings on which accuracy is measured, and how they are read.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where the data lies unless --data says otherwise: beside the checkout. */
export const DEFAULT_DATA = join(ROOT, '../shared/data');

/** What can be measured, by the name of `--subset`. */
export const SUBSETS = {
  dev: {
    title: 'LibriSpeech dev-clean, 4-speaker subset',
    note: 'recordings of up to 20 s',
    holds: ({ split, seconds }) => split === 'dev' && seconds <= 20,
  },
  'test-other': {
    title: 'LibriSpeech test-other, 5-speaker subset',
    note: 'recordings of up to 20 s',
    holds: ({ path, seconds }) => path.startsWith('librispeech-test-other') && seconds <= 20,
  },
  speechocean: {
    title: 'speechocean762 test, 100-speaker subset',
    note: 'short prompts read by Mandarin-accented adults and children',
    holds: ({ split, path }) => split === 'test' && path.startsWith('speechocean762'),
  },
};

/** The rows of DIR/manifest.tsv: [{split, path, speaker, seconds, text}]. */
export function readManifest(folder) {
  const path = join(folder, 'manifest.tsv');
  if (!existsSync(path)) {
    throw new Error(
      `There is no ${path}. Give the folder of the recordings with --data DIR; its manifest.tsv has ` +
        'a header line and then, parted by tabs: split, path, speaker, seconds, text.',
    );
  }
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = header.split('\t');
  return lines.map((line) => {
    const row = Object.fromEntries(line.split('\t').map((value, i) => [names[i], value]));
    return { ...row, seconds: Number(row.seconds) };
  });
}

/** At most `count` rows, as far apart as possible. */
export function spread(rows, count) {
  if (count >= rows.length) return rows;
  return Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)]);
}

/** The package's public interface, as built by `npm run build`. */
export async function loadFacade() {
  const path = join(ROOT, 'dist/esm/index.js');
  if (!existsSync(path)) throw new Error(`There is no ${path}. Run "npm run build" first.`);
  return import(path);
}

/** All samples of a recording that has one channel at 16 kHz. */
export async function readMono16k(path) {
  const { openAudio } = await loadFacade();
  const audio = await openAudio(path);
  if (audio.sampleRate !== 16_000 || audio.channels !== 1) {
    await audio.close();
    throw new Error(
      `${path} has ${audio.channels} channels at ${audio.sampleRate} Hz; expected one at 16000 Hz.`,
    );
  }
  const parts = [];
  for await (const part of audio.chunks) parts.push(part);
  return joinSamples(parts);
}

/** The parts one after the other. */
export function joinSamples(parts) {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Runs a tool's main function; an expected failure prints its message alone. */
export async function runTool(main) {
  try {
    await main();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
