// The plots of bench/plot.mjs; the package that draws them is bench's own.

/** What bench/plot.mjs exports. */
export async function loadPlots() {
  try {
    return await import('../../bench/plot.mjs');
  } catch (cause) {
    throw new Error(`The plot needs vega: run "npm run bench:peers" once. ${cause.message}`);
  }
}
