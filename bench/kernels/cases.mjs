// What is measured: shapes, rows, formats, and which operator of ONNX Runtime does the same; other
// ways of holding weights, by parrotlet alone; and parts of layers that are fused.
//
// A format is {bits, block, operator}: `block` inputs share a scale, 'channel' all of them;
// `operator` is ONNX Runtime's, absent where it has none. Of parrotlet alone it may name its `scheme`
// and the bits of its `activations`.

/** Inputs by outputs of matrices; `rows` where not all are of use. */
export const SHAPES = [
  { model: 'default model, attention', depth: 288, cols: 288 },
  { model: 'default model, encoder', depth: 288, cols: 1152 },
  { model: 'default model, decoder', depth: 288, cols: 2304 },
  { model: 'default model, both', depth: 1152, cols: 288 },
  { model: 'default model, token table', depth: 288, cols: 18_539, rows: [1, 4, 8] },
  { model: 'Conformer S', depth: 144, cols: 576 },
  { model: 'Conformer S', depth: 576, cols: 144 },
  { model: 'Conformer M', depth: 256, cols: 1024 },
  { model: 'Conformer M', depth: 1024, cols: 256 },
  { model: 'Conformer L', depth: 512, cols: 2048 },
  { model: 'Conformer L', depth: 2048, cols: 512 },
];

/** A step of a decoder, small batches, a chunk of 648 ms, and a whole recording. */
export const ROWS = [1, 4, 8, 16, 27, 1000];

export const FORMATS = [8, 4, 2].flatMap((bits) => [
  { bits, block: 'channel', ...(bits === 8 ? { operator: 'DynamicQuantizeMatMul' } : {}) },
  { bits, block: 32, operator: 'MatMulNBits' },
  { bits, block: 64, operator: 'MatMulNBits' },
]);

/** Matrices of the default model, and formats that it ships with or that could be chosen instead. */
const OTHER_SHAPES = [
  { depth: 288, cols: 1152 },
  { depth: 1152, cols: 288 },
  { depth: 2016, cols: 576 }, // the strided convolutions
  { depth: 1728, cols: 288 },
  { depth: 288, cols: 18_539, rows: [1, 4] },
];
const OTHER_FORMATS = [
  { bits: 8, block: 'channel' },
  { bits: 4, block: 96 },
  { bits: 4, block: 144 },
  { bits: 2, block: 96, scheme: 'midRise' },
  { bits: 2, block: 48, scheme: 'midRise' },
  { bits: 4, block: 96, scheme: 'affine' },
  { bits: 2, block: 96, scheme: 'affine' },
  { bits: 4, block: 96, activations: 4 },
  { bits: 4, block: 96, activations: 32 },
];
const OTHER_ROWS = [1, 4, 27];

/** Parts of layers, by the names of bench/cpp/fused_case.h, and with which weights and rows. */
const FUSIONS = {
  'linear+gelu': [8, 4, 2],
  'linear+residual': [8, 4, 2],
  'linear+gate': [8, 4, 2],
  'norm+quantize': [4],
};
const FUSED_ROWS = [1, 8, 27];

/** The definition of all kernels, measured on this shape alone, for it is slow. */
export const DEFINITION = 'scalar';
const SLOW = { depth: 288, cols: 1152, rows: [1, 4] };
const QUICK = { shapes: ['288x1152', '144x576'], rows: [1, 4], blocks: ['channel', 32] };
const STEP = 16; // groups of parrotlet are multiples of it
const TURN_BYTES = 1 << 20;
const MOST_COPIES = 8;

export const shapeName = ({ depth, cols }) => `${depth}x${cols}`;

/** Our group for a block of ONNX Runtime's: of those that divide the depth, the nearest. */
export function groupOf(block, depth) {
  if (block === 'channel') return depth;
  const distance = (group) => Math.abs(Math.log(group / block));
  return Array.from({ length: depth / STEP }, (_, i) => (i + 1) * STEP)
    .filter((group) => depth % group === 0)
    .reduce((best, group) => (distance(group) < distance(best) ? group : best));
}

/** How many matrices run in turn beside ONNX Runtime: few enough for a cache of the second level. */
export function copiesOf({ depth, cols }) {
  return Math.max(1, Math.min(MOST_COPIES, Math.floor(TURN_BYTES / (depth * cols))));
}

/**
 * All cases: a shape and a format, with `rows` the counts of rows and `group` parrotlet's group. Two
 * blocks of one group are one case where it is parrotlet alone, so the further off is left out.
 */
export function listCases({ quick }) {
  const shapes = SHAPES.filter((shape) => !quick || QUICK.shapes.includes(shapeName(shape)));
  return shapes.flatMap((shape) => {
    const cases = FORMATS.filter(({ block }) => !quick || QUICK.blocks.includes(block)).map(
      (format) => ({
        ...shape,
        ...format,
        group: groupOf(format.block, shape.depth),
        rows: quick ? QUICK.rows : (shape.rows ?? ROWS),
        copies: copiesOf(shape),
      }),
    );
    return cases.filter((one, i) => cases.findIndex((other) => sameOurs(one, other)) === i);
  });
}

const sameOurs = (a, b) => a.bits === b.bits && a.group === b.group;

/** Cases of parrotlet alone. */
export function listOthers({ quick }) {
  const shapes = OTHER_SHAPES.slice(0, quick ? 1 : undefined);
  return shapes.flatMap((shape) =>
    OTHER_FORMATS.map((format) => ({
      ...shape,
      ...format,
      group: groupOf(format.block, shape.depth),
      rows: shape.rows ?? OTHER_ROWS,
    })),
  );
}

/** What is fused: [{fusion, bits, rows}]. */
export function listFused({ quick }) {
  return Object.entries(FUSIONS).flatMap(([fusion, widths]) =>
    (quick ? widths.slice(-1) : widths).flatMap((bits) =>
      FUSED_ROWS.map((rows) => ({ fusion, bits, rows })),
    ),
  );
}

/** The targets among `targets` that a case is measured on with so many rows. */
export function targetsOf(targets, { depth, cols }, rows) {
  const slowToo = depth === SLOW.depth && cols === SLOW.cols && SLOW.rows.includes(rows);
  return targets.filter((target) => target !== DEFINITION || slowToo);
}
