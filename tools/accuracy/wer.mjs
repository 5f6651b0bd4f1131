// Word error rate over many utterances, with an interval that says how far chance may have moved it.
import { normalizedWords } from './normalize-english.mjs';
import { seededRandom } from './random.mjs';

/** Least number of substituted, missing and added words between two lists of words. */
export function countEdits(reference, hypothesis) {
  let row = Array.from({ length: hypothesis.length + 1 }, (_, j) => j);
  for (let i = 1; i <= reference.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= hypothesis.length; j++) {
      const substituted = above[j - 1] + (reference[i - 1] === hypothesis[j - 1] ? 0 : 1);
      row.push(Math.min(substituted, above[j] + 1, row[j - 1] + 1));
    }
  }
  return row[hypothesis.length];
}

/** One utterance's score: {edits, words} of the normalized texts; `words` are the reference's. */
export function scoreUtterance(reference, hypothesis) {
  const words = normalizedWords(reference);
  return { edits: countEdits(words, normalizedWords(hypothesis)), words: words.length };
}

/** The score with at most two errors for every word, so that one endless loop does not decide all. */
export function capped({ edits, words }) {
  return { edits: Math.min(edits, 2 * words), words };
}

/** Errors per hundred reference words. */
export function errorPercent(scores) {
  let edits = 0;
  let words = 0;
  for (const score of scores) {
    edits += score.edits;
    words += score.words;
  }
  return (100 * edits) / words;
}

/** The middle 95 % of `errorPercent` over utterances drawn again with replacement: [low, high]. */
export function confidenceInterval(scores, { resamples = 2000, seed = 1 } = {}) {
  const random = seededRandom(seed);
  const draw = () => scores[Math.floor(random() * scores.length)];
  const rates = Array.from({ length: resamples }, () =>
    errorPercent(Array.from({ length: scores.length }, draw)),
  ).sort((a, b) => a - b);
  return [rates[Math.floor(0.025 * resamples)], rates[Math.ceil(0.975 * resamples) - 1]];
}
