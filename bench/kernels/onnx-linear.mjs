// ONNX models of nothing but linears, each with weights of its own, and how long one takes in ONNX
// Runtime.
import proto from 'onnx-proto';
import { Tensor } from 'onnxruntime-node';
import { openOnnx } from '../peers/ort.mjs';

const { ModelProto, TensorProto, AttributeProto } = proto.onnx;
const INTEGER_ACTIVATIONS = 4; // accuracy_level of MatMulNBits
const LEAST_CALLS = 3;

/**
 * Opens models of `copies` linears of `operator` and of none: what a call costs by itself is taken off.
 * The results of the linears are outputs that nobody fetches, so that they are computed and not copied.
 */
export async function openLinears({ operator, bits, block, depth, cols, copies }) {
  const linear = operator === 'MatMulNBits' ? blockLinear : dynamicLinear;
  const parts = Array.from({ length: copies }, (_, i) => linear(i, { bits, block, depth, cols }));
  const linears = await openOnnx(modelOf(parts, depth, cols));
  const nothing = await openOnnx(modelOf([], depth, cols));
  return {
    /** Median microseconds of one linear over `milliseconds` of calls. */
    async time(rows, milliseconds) {
      const values = Float32Array.from({ length: rows * depth }, (_, i) => Math.sin(i));
      const feeds = { x: new Tensor('float32', values, [rows, depth]) };
      const call = await median(nothing, feeds, milliseconds / 2);
      return ((await median(linears, feeds, milliseconds)) - call) / copies;
    },
    close: () => Promise.all([linears.release(), nothing.release()]),
  };
}

async function median(session, feeds, milliseconds) {
  const call = () => session.run(feeds, ['done']);
  await call();
  const times = [];
  const end = performance.now() + milliseconds;
  do {
    const begin = performance.now();
    await call();
    times.push(1e3 * (performance.now() - begin));
  } while (times.length < LEAST_CALLS || performance.now() < end);
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
}

/** Codes of every value. */
const codes = (count, copy) =>
  Uint8Array.from({ length: count }, (_, i) => i * 151 + (i >> 8) + copy);
const scales = (count) => new Float32Array(count).fill(0.01);

function dynamicLinear(copy, { depth, cols }) {
  const names = [`w${copy}`, `s${copy}`];
  return {
    operator: 'DynamicQuantizeMatMul',
    inputs: ['x', ...names],
    tensors: [
      tensor(names[0], TensorProto.DataType.INT8, [depth, cols], codes(depth * cols, copy)),
      tensor(names[1], TensorProto.DataType.FLOAT, [cols], scales(cols)),
    ],
    attributes: {},
  };
}

function blockLinear(copy, { bits, block, depth, cols }) {
  const names = [`w${copy}`, `s${copy}`];
  const blocks = Math.ceil(depth / block);
  const bytes = (block * bits) / 8;
  return {
    operator: 'MatMulNBits',
    inputs: ['x', ...names],
    tensors: [
      tensor(
        ...[names[0], TensorProto.DataType.UINT8],
        ...[[cols, blocks, bytes], codes(cols * blocks * bytes, copy)],
      ),
      tensor(names[1], TensorProto.DataType.FLOAT, [cols, blocks], scales(cols * blocks)),
    ],
    attributes: {
      ...{ K: depth, N: cols, bits, block_size: block },
      accuracy_level: INTEGER_ACTIVATIONS,
    },
  };
}

/** The bytes of a model: x [rows][depth] to y0, y1, ... and to `done`, the first number of x. */
function modelOf(parts, depth, cols) {
  const last = (name, value) =>
    tensor(name, TensorProto.DataType.INT64, [2], new BigInt64Array([value, value]));
  const done = node('', 'Slice', ['x', 'from', 'to'], 'done', {});
  const graph = {
    name: 'linears',
    node: [
      ...parts.map(({ operator, inputs, attributes }, i) =>
        node('com.microsoft', operator, inputs, `y${i}`, attributes),
      ),
      done,
    ],
    initializer: [...parts.flatMap(({ tensors }) => tensors), last('from', 0n), last('to', 1n)],
    input: [value('x', [{ dimParam: 'rows' }, { dimValue: depth }])],
    output: [
      value('done', [{ dimValue: 1 }, { dimValue: 1 }]),
      ...parts.map((_, i) => value(`y${i}`, [{ dimParam: 'rows' }, { dimValue: cols }])),
    ],
  };
  const opsetImport = [
    { domain: '', version: 17 },
    { domain: 'com.microsoft', version: 1 },
  ];
  return ModelProto.encode(ModelProto.fromObject({ irVersion: 8, opsetImport, graph })).finish();
}

function node(domain, opType, input, output, attributes) {
  const attribute = Object.entries(attributes).map(([name, i]) => ({
    ...{ name, i, type: AttributeProto.AttributeType.INT },
  }));
  return { domain, opType, name: output, input, output: [output], attribute };
}

function tensor(name, dataType, dims, values) {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, dataType, dims, rawData };
}

function value(name, dim) {
  return { name, type: { tensorType: { elemType: TensorProto.DataType.FLOAT, shape: { dim } } } };
}
