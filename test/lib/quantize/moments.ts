// Second moments of inputs for tests.
import { dampingOf } from '../../../lib/quantize/error-feedback.js';
import type { SecondMoments } from '../../../lib/quantize/second-moments.js';
import { valuesFor } from '../import/files.js';

/** Moments of rows of inputs. */
export function momentsOf(rows: readonly Float32Array[]): SecondMoments {
  const inputs = rows[0]!.length;
  const values = new Float64Array(inputs * inputs);
  for (const row of rows) {
    for (let i = 0; i < inputs; ++i) {
      for (let k = 0; k < inputs; ++k) values[i * inputs + k]! += row[i]! * row[k]!;
    }
  }
  return { inputs, rows: rows.length, values };
}

/** Rows whose inputs go together, as those of a network do. */
export function correlatedRows(inputs: number, count: number, seed: number): Float32Array[] {
  return Array.from({ length: count }, (_, r) => {
    const noise = valuesFor(inputs, seed * 1000 + r);
    const common = valuesFor(3, seed * 2000 + r);
    return noise.map((value, i) => 0.3 * value + common[i % 3]!);
  });
}

/** The moments that error feedback, descent and fitted scales make the energy small for. */
export function damped(moments: SecondMoments): SecondMoments {
  const values = Float64Array.from(moments.values);
  const damping = dampingOf(moments);
  for (let i = 0; i < moments.inputs; ++i) values[i * (moments.inputs + 1)]! += damping;
  return { ...moments, values };
}
