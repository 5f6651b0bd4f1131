// Scales and zeros fitted to codes that are found already: the least error of outputs that the codes allow.
import { type CodeGrid, companionsOf } from '../import/code-format.js';
import { type GroupScales, gatherScales } from '../import/group-scales.js';
import { makeSteps, type Steps, storedScale } from '../import/steps.js';
import { dampingOf } from './error-feedback.js';
import { dot, type SecondMoments } from './second-moments.js';

/**
 * Scales, and zeros where the scheme has them, of one row: those of the least output energy of its errors
 * on the calibration audio, whose moments are damped as for error feedback. All groups are solved for
 * together, as errors of one may make up for those of another.
 *
 * @param codes - Of the whole row.
 * @param steps - For which the codes were found, one for each group.
 * @returns undefined where the codes leave no solution with scales above 0.
 */
export function fitScales(
  moments: SecondMoments,
  row: Float32Array,
  codes: Int8Array,
  steps: readonly Steps[],
  grid: CodeGrid,
): GroupScales | undefined {
  const groups = steps.length;
  const basis = basisOf(codes, steps, grid);
  const unknowns = basis.length;
  const matrix = new Float64Array(unknowns * unknowns);
  const target = new Float64Array(unknowns);
  const damping = dampingOf(moments);
  const { inputs, values } = moments;
  const products = new Float64Array(unknowns);
  // Row by row of the moments, which are read once: many do not fit into a cache.
  for (let i = 0; i < inputs; ++i) {
    const group = Math.floor(i / grid.groupSize);
    const begin = group * grid.groupSize;
    for (let b = 0; b < unknowns; ++b) {
      const { group: other, levels } = basis[b]!;
      const place = i * inputs + other * grid.groupSize;
      products[b] = dot(values, place, levels, 0, grid.groupSize);
      if (other === group) products[b]! += damping * levels[i - begin]!;
      target[b]! += row[i]! * products[b]!;
    }
    for (let c = 0; c < unknowns; ++c) {
      if (basis[c]!.group !== group) continue;
      const level = basis[c]!.levels[i - begin]!;
      for (let b = 0; b < unknowns; ++b) matrix[c * unknowns + b]! += level * products[b]!;
    }
  }
  const found = solve(matrix, target);
  if (!found?.every((value, b) => value > 0 || basis[b]!.isZero)) return undefined;
  const scales = new Float64Array(groups);
  const zeros = new Float64Array(groups);
  for (const [b, { group, isZero }] of basis.entries()) {
    (isZero ? zeros : scales)[group] = found[b]!;
  }
  return gatherScales(groups, grid, (g) => {
    return makeSteps(grid.scheme, storedScale(scales[g]!), Math.fround(zeros[g]!));
  });
}

/** What one unknown, when it is 1, makes of the weights of its group. */
interface Basis {
  readonly group: number;
  readonly isZero: boolean;
  readonly levels: Float64Array;
}

// Scales first, then zeros; none for a group whose codes stand for zeros, which it goes on to do.
function basisOf(codes: Int8Array, steps: readonly Steps[], grid: CodeGrid): Basis[] {
  const { groupSize, scheme } = grid;
  const hasZeros = companionsOf(scheme).includes('zero');
  const ones = new Float64Array(groupSize).fill(-1);
  const groups = steps.flatMap(({ scale, offset }, group) => {
    const held = codes.subarray(group * groupSize, (group + 1) * groupSize);
    const levels = Float64Array.from(held, (q) => q - (hasZeros ? 0 : offset));
    return scale > 0 && levels.some((level) => level !== 0) ? [{ group, levels }] : [];
  });
  const scales = groups.map((one) => ({ ...one, isZero: false }));
  const zeros = groups.map(({ group }) => ({ group, isZero: true, levels: ones }));
  return hasZeros ? [...scales, ...zeros] : scales;
}

// Cholesky's way, in place; undefined where the symmetric matrix is not positive definite.
function solve(matrix: Float64Array, target: Float64Array): Float64Array | undefined {
  const n = target.length;
  for (let j = 0; j < n; ++j) {
    const pivot = matrix[j * n + j]! - dot(matrix, j * n, matrix, j * n, j);
    if (!(pivot > 1e-12 * matrix[j * n + j]!)) return undefined;
    matrix[j * n + j] = Math.sqrt(pivot);
    for (let i = j + 1; i < n; ++i) {
      const rest = matrix[i * n + j]! - dot(matrix, i * n, matrix, j * n, j);
      matrix[i * n + j] = rest / matrix[j * n + j]!;
    }
  }
  const x = Float64Array.from(target);
  for (let i = 0; i < n; ++i) x[i] = (x[i]! - dot(matrix, i * n, x, 0, i)) / matrix[i * n + i]!;
  for (let i = n - 1; i >= 0; --i) {
    for (let k = i + 1; k < n; ++k) x[i]! -= matrix[k * n + i]! * x[k]!;
    x[i]! /= matrix[i * n + i]!;
  }
  return x;
}
