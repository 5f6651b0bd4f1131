// From what a live session said, and when, to the delays of its words and the changes of its partials.

/** A word without case and punctuation. */
export function plain(word) {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/**
 * Pairs [i, j] of equal words along an alignment of two lists with the least substitutions, omissions
 * and insertions.
 */
export function matchWords(a, b) {
  const edits = editTable(a, b);
  const pairs = [];
  for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
    const equal = a[i - 1] === b[j - 1];
    if (edits[i][j] === edits[i - 1][j - 1] + (equal ? 0 : 1)) {
      i--;
      j--;
      if (equal) pairs.push([i, j]);
    } else if (edits[i][j] === edits[i - 1][j] + 1) {
      i--;
    } else {
      j--;
    }
  }
  return pairs.reverse();
}

function editTable(a, b) {
  const edits = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = edits[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substituted, edits[i - 1][j] + 1, row[j - 1] + 1));
    }
    edits.push(row);
  }
  return edits;
}

/**
 * What one stream's events say about its words; the place of a word is its number in the whole text.
 *
 * - `words`: the final words, each with `text`, `first` (seconds of audio given when it first stood at its
 *   place) and `stable` (when it was first said to be stable there);
 * - `shown`: words of partial results that were not stable yet, once for every event that showed them;
 *   `changed`: how many of these were another word, or none, in the end; `respelled`: the same, case and
 *   punctuation counted;
 * - `broken`: words said to be stable that changed all the same.
 */
export function followWords(events) {
  const texts = events.filter(({ final }) => final).flatMap(({ words }) => words);
  const words = texts.map((text) => ({ text, first: undefined, stable: undefined }));
  const counts = { shown: 0, changed: 0, respelled: 0, broken: 0 };
  let before = 0; // words of the segments that have ended
  for (const event of events) {
    event.words.forEach((text, i) => {
      const word = words[before + i];
      const same = word !== undefined && plain(word.text) === plain(text);
      if (same) word.first ??= event.given;
      if (i < event.stable) {
        if (word?.text === text) word.stable ??= event.given;
        else counts.broken++;
      } else {
        counts.shown++;
        if (!same) counts.changed++;
        if (word?.text !== text) counts.respelled++;
      }
    });
    if (event.final) before += event.words.length;
  }
  return { words, ...counts };
}

/** Delays in seconds of the words that also stand, with their ends, in `aligned`: [{text, end}]. */
export function delaysOf(words, aligned) {
  const texts = (list) => list.map(({ text }) => plain(text));
  return matchWords(texts(words), texts(aligned)).map(([i, j]) => ({
    first: words[i].first - aligned[j].end,
    stable: words[i].stable - aligned[j].end,
  }));
}

/** p50, p90 and, for plots, the percentiles 0 to 100; nearest rank. */
export function distribution(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percent) =>
    Number(sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)].toFixed(3));
  return { p50: at(50), p90: at(90), percentiles: Array.from({ length: 101 }, (_, i) => at(i)) };
}
