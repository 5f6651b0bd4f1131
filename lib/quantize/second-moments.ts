// What calibration audio tells of a matrix: the second moments of the inputs it was multiplied with.

/** Sums of products of inputs, X^T X for rows X. */
export interface SecondMoments {
  readonly inputs: number;
  /** How many rows were summed. */
  readonly rows: number;
  /** [inputs][inputs], symmetric. */
  readonly values: Float32Array;
}

/** Moments of all the rows that went into `parts`, which have the same inputs. */
export function addMoments(parts: readonly SecondMoments[]): SecondMoments {
  const [first, ...others] = parts as [SecondMoments, ...SecondMoments[]];
  if (others.length === 0) return first;
  const values = Float32Array.from(first.values);
  for (const part of others) {
    for (let i = 0; i < values.length; ++i) values[i]! += part.values[i]!;
  }
  return { ...first, values, rows: parts.reduce((sum, { rows }) => sum + rows, 0) };
}

/** Sum over the calibration's rows x of (x . d)^2: the energy that `d` makes in an output. */
export function outputEnergy({ inputs, values }: SecondMoments, d: ArrayLike<number>): number {
  let energy = 0;
  for (let i = 0; i < inputs; ++i) {
    const di = d[i]!;
    if (di === 0) continue;
    const row = i * inputs;
    let half = 0;
    for (let k = 0; k < i; ++k) half += values[row + k]! * d[k]!;
    energy += di * (2 * half + values[row + i]! * di);
  }
  return Math.max(0, energy); // rounding may leave a little less than nothing
}
