// From times to speeds.
import { shapeName } from './cases.mjs';

/** GOPS, the GB/s of codes and scales, and the share of the limit (null where none is known). */
export function speedOf({ bits, group, scheme, depth, cols, rows, us, limitGops }) {
  const gops = (2e-3 * rows * depth * cols) / us;
  const floats = scheme === undefined ? 1 : 2; // of a group: its scale, and what its scheme takes off
  const bytes = (depth * cols * bits) / 8 + (4 * floats * cols * depth) / group;
  return { gops, gbps: (1e-3 * bytes) / us, ofLimit: limitGops ? gops / limitGops : null };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** One measured case of all targets as lines for people. */
export function describeRow({ ours, peers: [peer] }) {
  const { bits, group, scheme, activations, rows } = ours[0];
  const lines = ours.map((row) => {
    const { gops, gbps, ofLimit } = speedOf(row);
    const part = ofLimit === null ? '' : `, ${(100 * ofLimit).toFixed(0)} % of the limit`;
    return `${row.target}: ${time(row.us)}, ${gops.toFixed(1)} GOPS, ${gbps.toFixed(1)} GB/s${part}`;
  });
  if (peer) {
    const ratio = `ours ${time(peer.us)}, ${peer.ratio.toFixed(2)} times faster`;
    const turn = peer.copies > 1 ? ` (${peer.copies} matrices in turn)` : '';
    lines.push(`ONNX Runtime ${peer.operator}: ${time(peer.peerUs)}, ${ratio}${turn}`);
  }
  const variants = [scheme, activations && `activations of ${activations} bits`].filter(Boolean);
  const title = [`int${bits}`, ...variants, shapeName(ours[0]), `groups of ${group}`];
  return [[...title, `rows: ${rows}`].join(', '), ...lines].join('\n  ');
}

const time = (us) => `${us.toFixed(us < 10 ? 2 : 0)} us`;
