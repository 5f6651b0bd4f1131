// From the rounds of one subject to the figures that are reported.
import { errorPercent, scoreUtterance } from '../../tools/accuracy/wer.mjs';

/**
 * Least load time and memory of all rounds; step times over all rounds together (`minMs`, `p50Ms`,
 * `p99Ms`); the real-time factor of the best round, which is the least disturbed one.
 */
export function summarize(rounds, references = []) {
  const steps = rounds.flatMap(({ stepMs }) => stepMs).sort((a, b) => a - b);
  const factors = rounds.map(({ stepMs, stepSeconds }) => sum(stepMs) / 1000 / sum(stepSeconds));
  const texts = rounds[0].texts;
  return {
    steps: steps.length,
    loadMs: round(Math.min(...rounds.map(({ loadMs }) => loadMs)), 1),
    importMs: round(Math.min(...rounds.map(({ importMs }) => importMs)), 1),
    firstStepMs: round(Math.min(...rounds.map(({ firstStepMs }) => firstStepMs)), 2),
    rssBytes: Math.min(...rounds.map(({ rssBytes }) => rssBytes)),
    stateBytes: rounds[0].stateBytes,
    minMs: round(steps[0], 3),
    p50Ms: round(quantile(steps, 0.5), 3),
    p99Ms: round(quantile(steps, 0.99), 3),
    realTimeFactor: round(Math.min(...factors), 5),
    ...(texts.length > 0 ? { werPercent: wordErrorRate(texts, references) } : {}),
  };
}

/** The smallest value that a share `q` of the sorted values does not exceed. */
export function quantile(sorted, q) {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

function wordErrorRate(texts, references) {
  return round(errorPercent(texts.map((text, i) => scoreUtterance(references[i], text))), 2);
}

const sum = (values) => values.reduce((a, b) => a + b, 0);
const round = (value, digits) => Number(value.toFixed(digits));
