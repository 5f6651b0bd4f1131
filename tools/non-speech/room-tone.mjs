// Room tone: the quiet stretches of real recordings, cut out and joined.
import { join } from 'node:path';
import { joinSamples, readMono16k } from '../accuracy/corpus.mjs';
import { SAMPLE_RATE } from './sounds.mjs';

const FRAME = 160; // samples: 10 ms
const LEAST_FRAMES = 25; // of a stretch, margins not counted
const MARGIN_FRAMES = 6; // at either end, where a word may still sound
const ABOVE_FLOOR = 4; // in power: frames up to 6 dB over the quietest twentieth are quiet

/** About `seconds` of the pauses in `rows` (of the manifest); each piece fades into the next. */
export async function cutRoomTone(rows, folder, seconds) {
  const pieces = [];
  let left = seconds * SAMPLE_RATE;
  for (const { path } of rows) {
    if (left <= 0) break;
    const samples = await readMono16k(join(folder, path));
    for (const [begin, end] of quietStretches(samples)) {
      const piece = samples.subarray(begin * FRAME, end * FRAME);
      pieces.push(piece.map((x, i) => x * fade(i, piece.length)));
      left -= piece.length;
    }
  }
  return joinSamples(pieces).subarray(0, seconds * SAMPLE_RATE);
}

/** Pairs [begin, end) of frames. */
function quietStretches(samples) {
  const powers = Array.from({ length: Math.floor(samples.length / FRAME) }, (_, f) =>
    samples.subarray(f * FRAME, (f + 1) * FRAME).reduce((sum, x) => sum + x * x, 0),
  );
  const floor = [...powers].sort((a, b) => a - b)[Math.floor(powers.length / 20)];
  const stretches = [];
  let begin = 0;
  for (let f = 0; f <= powers.length; f++) {
    if (f < powers.length && powers[f] <= ABOVE_FLOOR * floor) continue;
    const [first, last] = [begin + MARGIN_FRAMES, f - MARGIN_FRAMES];
    if (last - first >= LEAST_FRAMES) stretches.push([first, last]);
    begin = f + 1;
  }
  return stretches;
}

function fade(i, length) {
  return Math.min(1, i / FRAME, (length - 1 - i) / FRAME);
}
