// Room tone: the pauses of real recordings, cut out and joined.
import { join } from 'node:path';
import { joinSamples, loadFacade, readMono16k } from '../accuracy/corpus.mjs';
import { SAMPLE_RATE } from './sounds.mjs';

const LEAST_SECONDS = 0.35; // of a pause
const MARGIN_SECONDS = 0.12; // of a pause, on either side, where a word may still sound
const FADE_SAMPLES = 160;

/**
 * About `seconds` of what is heard between the words of `rows` (of the manifest), as the model times them.
 * Each piece fades into the next.
 */
export async function cutRoomTone(model, rows, folder, seconds) {
  const { transcribe } = await loadFacade();
  const pieces = [];
  let left = seconds * SAMPLE_RATE;
  for (const { path } of rows) {
    if (left <= 0) break;
    const samples = await readMono16k(join(folder, path));
    const source = { sampleRate: SAMPLE_RATE, channels: 1, chunks: [samples] };
    const { words } = await transcribe(model, source, { minConfidence: 0 });
    for (const [begin, end] of pausesBetween(words)) {
      const piece = samples.slice(begin * SAMPLE_RATE, end * SAMPLE_RATE);
      pieces.push(piece.map((x, i) => x * fade(i, piece.length)));
      left -= piece.length;
    }
  }
  return joinSamples(pieces).subarray(0, seconds * SAMPLE_RATE);
}

function pausesBetween(words) {
  return words
    .slice(1)
    .map(({ start }, i) => [words[i].end + MARGIN_SECONDS, start - MARGIN_SECONDS])
    .filter(([begin, end]) => end - begin >= LEAST_SECONDS);
}

function fade(i, length) {
  return Math.min(1, i / FADE_SAMPLES, (length - 1 - i) / FADE_SAMPLES);
}
