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
  return middle(
    Array.from({ length: resamples }, () =>
      errorPercent(Array.from({ length: scores.length }, draw)),
    ),
  );
}

/**
 * How `scores` differ from `baseline`, the scores of the same utterances in the same order:
 * `difference` in points of `errorPercent` and `relative` in per cent of the baseline's, each
 * {value, low, high} with the middle 95 % over pairs drawn again with replacement. What makes both
 * stumble over the same utterances cancels out.
 */
export function pairedChange(scores, baseline, { resamples = 2000, seed = 1 } = {}) {
  const strange = scores.findIndex(({ words }, i) => words !== baseline[i]?.words);
  if (scores.length !== baseline.length || strange >= 0) {
    throw new Error('Only scores of the same utterances in the same order can be paired.');
  }
  const random = seededRandom(seed);
  const count = scores.length;
  const all = changeOver(scores, baseline, (i) => i);
  const draws = Array.from({ length: resamples }, () =>
    changeOver(scores, baseline, () => Math.floor(random() * count)),
  );
  const interval = (name) => {
    const [low, high] = middle(draws.map((draw) => draw[name]));
    return { value: all[name], low, high };
  };
  return { difference: interval('difference'), relative: interval('relative') };
}

function changeOver(scores, baseline, pick) {
  let [edits, before, words] = [0, 0, 0];
  for (let i = 0; i < scores.length; i++) {
    const at = pick(i);
    edits += scores[at].edits;
    before += baseline[at].edits;
    words += scores[at].words;
  }
  const relative = edits === before ? 0 : (100 * (edits - before)) / before;
  return { difference: (100 * (edits - before)) / words, relative };
}

function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[Math.floor(0.025 * sorted.length)], sorted[Math.ceil(0.975 * sorted.length) - 1]];
}
