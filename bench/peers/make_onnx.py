"""Writes the streaming Conformer of docs/benchmarks.md as ONNX files with random weights.

One file per preset and weight type. Every call takes one chunk of 4 frames (160 ms) and, as users of
ONNX Runtime must do it, all caches as inputs and returns them as outputs.

Needs the Python packages onnx, onnxruntime and numpy.
"""

import argparse
import logging
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

CHUNK, LEFT, KERNEL = 4, 64, 15
PRESETS = {"s": (144, 16, 4), "m": (256, 16, 4), "l": (512, 17, 8)}  # dim, layers, heads
BITS = {"float32": 32, "int8": 8, "int4": 4, "int2": 2}


class Graph:
    """Collects nodes and weights; every method returns the name of its output."""

    def __init__(self, seed):
        self.nodes, self.weights = [], []
        self.random = np.random.default_rng(seed)

    def op(self, kind, *inputs, outputs=1, **attributes):
        names = [f"t{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, *shape, scale=0.02):
        return self.constant((self.random.standard_normal(shape) * scale).astype(np.float32))

    def linear(self, x, inputs, outputs):
        product = self.op("MatMul", x, self.floats(inputs, outputs, scale=inputs**-0.5))
        return self.op("Add", product, self.floats(outputs))

    def norm(self, x, dim):
        gain = self.constant(np.ones(dim, np.float32))
        return self.op("LayerNormalization", x, gain, self.floats(dim), axis=-1, epsilon=1e-5)

    def swish(self, x):
        return self.op("Mul", x, self.op("Sigmoid", x))

    def shape(self, *dims):
        return self.constant(np.array(dims, np.int64))

    def newest(self, x, axis, count):
        """The last `count` entries of `x` along `axis`: what stays in a cache."""
        last = [self.shape(n) for n in (-count, 2**31 - 1, axis)]
        return self.op("Slice", x, *last)


def half_feed_forward(g, x, dim):
    y = g.linear(g.swish(g.linear(g.norm(x, dim), dim, 4 * dim)), 4 * dim, dim)
    return g.op("Add", x, g.op("Mul", y, g.constant(np.float32(0.5))))


def attention(g, x, dim, heads, keys, values):
    """Attends to the chunk and LEFT frames before it -> (x, new keys, new values)."""
    depth = dim // heads
    parts = g.op("Split", g.linear(g.norm(x, dim), dim, 3 * dim), outputs=3, axis=-1, num_outputs=3)
    q, k, v = (
        g.op("Transpose", g.op("Reshape", p, g.shape(1, CHUNK, heads, depth)), perm=[0, 2, 1, 3])
        for p in parts
    )
    k, v = g.op("Concat", keys, k, axis=2), g.op("Concat", values, v, axis=2)
    scaled = g.op("Mul", q, g.constant(np.float32(depth**-0.5)))
    scores = g.op("MatMul", scaled, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = g.op("Add", scores, g.floats(1, heads, CHUNK, LEFT + CHUNK))  # relative positions
    heard = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
    joined = g.op("Reshape", g.op("Transpose", heard, perm=[0, 2, 1, 3]), g.shape(1, CHUNK, dim))
    x = g.op("Add", x, g.linear(joined, dim, dim))
    return x, g.newest(k, 2, LEFT), g.newest(v, 2, LEFT)


def convolution(g, x, dim, past):
    """Causal depthwise convolution module -> (x, new past)."""
    value, gate = g.op("Split", g.linear(g.norm(x, dim), dim, 2 * dim), outputs=2, axis=-1,
                       num_outputs=2)
    y = g.op("Transpose", g.op("Mul", value, g.op("Sigmoid", gate)), perm=[0, 2, 1])
    y = g.op("Concat", past, y, axis=2)
    z = g.op("Conv", y, g.floats(dim, 1, KERNEL, scale=0.2), g.floats(dim), group=dim)
    z = g.swish(g.norm(g.op("Transpose", z, perm=[0, 2, 1]), dim))
    return g.op("Add", x, g.linear(z, dim, dim)), g.newest(y, 2, KERNEL - 1)


def conformer(dim, layers, heads):
    g, x = Graph(seed=1), "x"
    shapes = {
        "keys": [layers, heads, LEFT, dim // heads],
        "values": [layers, heads, LEFT, dim // heads],
        "past": [layers, dim, KERNEL - 1],
    }
    # Caches of all layers travel together: onnxruntime-node pays for every tensor that crosses.
    split = {name: g.op("Split", name, outputs=layers, axis=0, num_outputs=layers) for name in shapes}
    kept = {name: [] for name in shapes}
    for i in range(layers):
        x = half_feed_forward(g, x, dim)
        x, keys, values = attention(g, x, dim, heads, split["keys"][i], split["values"][i])
        x, past = convolution(g, x, dim, split["past"][i])
        x = g.norm(half_feed_forward(g, x, dim), dim)
        for name, value in (("keys", keys), ("values", values), ("past", past)):
            kept[name].append(value)
    for name, values in kept.items():
        g.nodes.append(helper.make_node("Concat", values, [f"new_{name}"], axis=0))
    g.nodes.append(helper.make_node("Identity", [x], ["y"]))
    chunk = [1, CHUNK, dim]
    inputs = [("x", chunk), *shapes.items()]
    outputs = [("y", chunk), *((f"new_{name}", shape) for name, shape in shapes.items())]

    def infos(pairs):
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in pairs]

    graph = helper.make_graph(g.nodes, "conformer", infos(inputs), infos(outputs), g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def narrow(source, bits, target):
    """Quantizes the matrices of the file `source` by the tools that ONNX Runtime ships."""
    if bits == 8:
        quantize_dynamic(source, target, op_types_to_quantize=["MatMul"],
                         weight_type=QuantType.QInt8, per_channel=True)
        return
    quantizer = MatMulNBitsQuantizer(onnx.load(source), bits=bits, block_size=32,
                                     is_symmetric=True, accuracy_level=4)
    quantizer.process()
    quantizer.model.save_model_to_file(str(target))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS))
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # the quantizers report every node
    arguments.out.mkdir(parents=True, exist_ok=True)
    for preset in arguments.presets:
        source = arguments.out / f"conformer-{preset}-float32.onnx"
        onnx.save(conformer(*PRESETS[preset]), source)
        for name, bits in BITS.items():
            target = arguments.out / f"conformer-{preset}-{name}.onnx"
            if bits < 32:
                narrow(source, bits, target)
            print(f"{target.name} {target.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
