// The mathematics of calibration: from confidences and whether words were right, two numbers and how
// good they are.

/** Log-odds of a probability. */
export function logOdds(p) {
  return Math.log(p / (1 - p));
}

export function probability(odds) {
  return 1 / (1 + Math.exp(-odds));
}

/**
 * Logistic regression by Newton's method: `scale` and `bias` that make the words most probable.
 * `words`: [{odds, right}]; there must be right and wrong ones.
 */
export function fitCalibration(words) {
  if (!words.some(({ right }) => right) || words.every(({ right }) => right)) {
    throw new Error(
      'There must be both right and wrong words to fit a calibration; give more data.',
    );
  }
  let scale = 1;
  let bias = 0;
  for (let round = 0; round < 100; round++) {
    const sums = { g0: 0, g1: 0, h00: 1e-9, h01: 0, h11: 1e-9 };
    for (const { odds, right } of words) {
      const p = probability(scale * odds + bias);
      const error = (right ? 1 : 0) - p;
      const weight = p * (1 - p);
      sums.g0 += error * odds;
      sums.g1 += error;
      sums.h00 += weight * odds * odds;
      sums.h01 += weight * odds;
      sums.h11 += weight;
    }
    const determinant = sums.h00 * sums.h11 - sums.h01 ** 2;
    const steps = [
      (sums.h11 * sums.g0 - sums.h01 * sums.g1) / determinant,
      (sums.h00 * sums.g1 - sums.h01 * sums.g0) / determinant,
    ];
    scale += steps[0];
    bias += steps[1];
    if (Math.max(...steps.map(Math.abs)) < 1e-9) break;
  }
  return { scale, bias };
}

/** Ten bins of confidence: [{count, confidence, right}], means of those inside; empty ones left out. */
export function reliability(words) {
  const bins = Array.from({ length: 10 }, () => []);
  for (const word of words) bins[Math.min(9, Math.floor(10 * word.confidence))].push(word);
  const mean = (list, of) => list.reduce((sum, one) => sum + of(one), 0) / list.length;
  return bins
    .filter((bin) => bin.length > 0)
    .map((bin) => ({
      count: bin.length,
      confidence: mean(bin, (word) => word.confidence),
      right: mean(bin, (word) => (word.right ? 1 : 0)),
    }));
}

/** Expected calibration error: how far confidence is from truth, in the mean over words. */
export function calibrationError(words) {
  const bins = reliability(words);
  const apart = bins.reduce((sum, b) => sum + b.count * Math.abs(b.confidence - b.right), 0);
  return apart / words.length;
}

/** How probable it is that a right word has more confidence than a wrong one. */
export function areaUnderCurve(words) {
  const sorted = [...words].sort((a, b) => a.confidence - b.confidence);
  let ranks = 0;
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (j < sorted.length && sorted[j].confidence === sorted[i].confidence) j++;
    for (let k = i; k < j; k++) if (sorted[k].right) ranks += (i + 1 + j) / 2;
    i = j;
  }
  const right = words.filter((word) => word.right).length;
  return (ranks - (right * (right + 1)) / 2) / (right * (words.length - right));
}

/** Of words below a threshold: the share of all wrong words, and of all right ones, among them. */
export function caughtBelow(words, threshold) {
  const share = (list) =>
    list.filter(({ confidence }) => confidence < threshold).length / list.length;
  return {
    threshold,
    wrongCaught: share(words.filter(({ right }) => !right)),
    rightFlagged: share(words.filter(({ right }) => right)),
  };
}
