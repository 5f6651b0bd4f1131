// What the figures of the study allow to say; nothing here is typed in.

/** What is to be shown: change of WER in per cent, times smaller than float32, per cent smaller than int4. */
export const GOALS = { relativePercent: 1, int4Smaller: 5.8, int2SmallerPercent: 32 };

// The set on which configurations are chosen; the others only judge them.
export const CHOICE = 'dev';

/**
 * A change of WER against float32: `lossless` where it is 1 % of float32's WER or less, `within chance`
 * where it is more but the interval of the difference holds 0, else `worse`.
 */
export function verdictOf({ difference, relative }) {
  if (relative.value <= GOALS.relativePercent) return 'lossless';
  return difference.low <= 0 ? 'within chance' : 'worse';
}

/** The entry that rounding after training does best with, on dev; undefined before any is measured. */
export function bestRounded(rows, weights) {
  const fitting = rows.filter((row) => row.weights === weights && !row.trained && !row.part);
  return best(fitting);
}

/**
 * The two claims about training and what stands behind each: {id, row, holds, reason}. Of the entries that
 * are small enough the one with the lowest WER on dev is taken, and every set has to find it without
 * loss. `holds` is undefined as long as something is not measured.
 */
export function claimsOf(rows, sets) {
  const int4 = claim(rows, sets, 4, (row) => row.smaller >= GOALS.int4Smaller);
  const limit = int4.row && int4.row.model.fileBytes * (1 - GOALS.int2SmallerPercent / 100);
  const int2 = claim(rows, sets, 2, (row) => limit !== undefined && row.model.fileBytes <= limit);
  return [
    { id: 'int4', ...int4 },
    { id: 'int2', ...int2 },
  ];
}

function claim(rows, sets, weights, isSmallEnough) {
  const ships = ({ how }) => how.steps === undefined;
  const trained = rows.filter((row) => row.weights === weights && row.trained && ships(row));
  const fitting = trained.filter(isSmallEnough);
  const row = best(fitting) ?? best(trained);
  if (row === undefined) return { row, holds: undefined, reason: 'no trained model was measured' };
  if (fitting.length === 0)
    return { row, holds: false, reason: 'no trained model is small enough' };
  const worse = sets.filter((set) => set in row.results && lossOn(row, set));
  if (worse.length > 0) return { row, holds: false, reason: `it is worse on ${worse.join(', ')}` };
  const missing = sets.filter((set) => !(set in row.results));
  if (missing.length > 0) {
    return { row, holds: undefined, reason: `it was not measured on ${missing.join(', ')}` };
  }
  return { row, holds: true, reason: 'no set finds a loss' };
}

function lossOn(row, set) {
  return verdictOf(row.results[set].change) === 'worse';
}

function best(rows) {
  const measured = rows.filter(({ results }) => CHOICE in results);
  const wer = ({ results }) => results[CHOICE].wer;
  return [...measured].sort((a, b) => wer(a) - wer(b))[0];
}
