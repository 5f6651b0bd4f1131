// Shares a budget of bytes out among matrices: which gets more bits, so that the errors sum to little.

/** One way of holding a matrix. */
export interface Holding {
  readonly bytes: number;
  readonly error: number;
}

/**
 * Chooses a holding for each matrix. All begin with their first; then the change that takes away the
 * most error for a byte is made, again and again, as long as one fits.
 *
 * @param matrices - Each with its holdings, of rising bytes.
 * @param fits - Whether a choice (indices of holdings) is within the budget.
 * @returns The indices, or undefined where not even the first holdings fit.
 */
export function shareOut(
  matrices: readonly (readonly Holding[])[],
  fits: (chosen: readonly number[]) => boolean,
): number[] | undefined {
  let chosen = matrices.map(() => 0);
  if (!fits(chosen)) return undefined;
  const tooLarge = new Set<Change>();
  const changes = matrices.flatMap((holdings, matrix) => {
    return holdings.map((holding, to): Change => ({ matrix, to, holding }));
  });
  for (;;) {
    const possible = changes.filter((change) => {
      return change.to > chosen[change.matrix]! && !tooLarge.has(change);
    });
    const worth = ({ matrix, holding }: Change) =>
      gain(matrices[matrix]![chosen[matrix]!]!, holding);
    const best = possible.sort((a, b) => worth(b) - worth(a))[0];
    if (!best || worth(best) <= 0) return chosen;
    const changed = chosen.map((old, i) => (i === best.matrix ? best.to : old));
    if (fits(changed)) chosen = changed;
    else tooLarge.add(best);
  }
}

interface Change {
  readonly matrix: number;
  readonly to: number;
  readonly holding: Holding;
}

// Error taken away for each byte that a change costs.
function gain(now: Holding, then: Holding): number {
  return (now.error - then.error) / (then.bytes - now.bytes);
}
