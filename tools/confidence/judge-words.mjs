// Which words of a transcript are right: aligns them to the reference.
import { normalizedWords } from '../accuracy/normalize-english.mjs';

/**
 * For every word of `words` ({text, confidence}) that has a normalized form: {confidence, right}. A word
 * is right where all that it says stands in the reference at its place, in an alignment of fewest edits.
 */
export function judgeWords(reference, words) {
  // Normalized as a whole, a spelled-out number may join words; alone, each keeps its own confidence.
  const parts = words.flatMap((word, owner) =>
    normalizedWords(word.text).map((text) => ({ text, owner })),
  );
  const spelled = reference.split(/\s+/).flatMap(normalizedWords);
  const matched = matchedPlaces(
    spelled,
    parts.map(({ text }) => text),
  );
  const judged = new Map();
  parts.forEach(({ owner }, i) => {
    judged.set(owner, (judged.get(owner) ?? true) && matched[i]);
  });
  return [...judged].map(([owner, right]) => ({ confidence: words[owner].confidence, right }));
}

/** For each word of the hypothesis whether the alignment pairs it with an equal one. */
function matchedPlaces(reference, hypothesis) {
  const rows = [Array.from({ length: hypothesis.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= reference.length; i++) {
    const above = rows[i - 1];
    const row = [i];
    for (let j = 1; j <= hypothesis.length; j++) {
      const paired = above[j - 1] + (reference[i - 1] === hypothesis[j - 1] ? 0 : 1);
      row.push(Math.min(paired, above[j] + 1, row[j - 1] + 1));
    }
    rows.push(row);
  }
  const matched = Array(hypothesis.length).fill(false);
  for (let i = reference.length, j = hypothesis.length; i > 0 && j > 0; ) {
    const equal = reference[i - 1] === hypothesis[j - 1];
    if (rows[i][j] === rows[i - 1][j - 1] + (equal ? 0 : 1)) {
      matched[--j] = equal;
      i--;
    } else if (rows[i][j] === rows[i - 1][j] + 1) {
      i--;
    } else {
      j--;
    }
  }
  return matched;
}
