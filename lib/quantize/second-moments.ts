// What calibration audio tells of a matrix: the second moments of the inputs it was multiplied with.

/** Sums of products of inputs, X^T X for rows X. */
export interface SecondMoments {
  readonly inputs: number;
  /** How many rows were summed. */
  readonly rows: number;
  /** [inputs][inputs], symmetric. */
  readonly values: Float64Array;
}

/** Moments of all the rows that went into `parts`, which have the same inputs. */
export function addMoments(
  parts: readonly (Omit<SecondMoments, 'values'> & { readonly values: Float32Array })[],
): SecondMoments {
  const [{ inputs, values: first }, ...others] = parts as [(typeof parts)[0], ...typeof parts];
  const values = Float64Array.from(first);
  for (const part of others) {
    for (let i = 0; i < values.length; ++i) values[i]! += part.values[i]!;
  }
  return { inputs, values, rows: parts.reduce((sum, { rows }) => sum + rows, 0) };
}

/** Sum over the calibration's rows x of (x . d)^2: the energy that `d` makes in an output. */
export function outputEnergy({ inputs, values }: SecondMoments, d: Float64Array): number {
  let energy = 0;
  for (let i = 0; i < inputs; ++i) {
    const row = i * inputs;
    energy += d[i]! * (2 * dot(values, row, d, 0, i) + values[row + i]! * d[i]!);
  }
  return Math.max(0, energy); // rounding may leave a little less than nothing
}

/** The products of `count` values from a[i] and b[k] on. Four sums keep a CPU's adders busy. */
export function dot(a: Float64Array, i: number, b: Float64Array, k: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const fours = i + count - (count % 4);
  const end = i + count;
  for (; i < fours; i += 4, k += 4) {
    s0 += a[i]! * b[k]!;
    s1 += a[i + 1]! * b[k + 1]!;
    s2 += a[i + 2]! * b[k + 2]!;
    s3 += a[i + 3]! * b[k + 3]!;
  }
  for (; i < end; ++i, ++k) s0 += a[i]! * b[k]!;
  return s0 + s1 + (s2 + s3);
}
