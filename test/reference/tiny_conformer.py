"""Tiny log-mel Conformers of random weights, as model files: every choice Moonshine does not make."""

import numpy as np

import parrotlet_file

DIM, HEADS, FEED_FORWARD, KERNEL, LEFT = 32, 4, 64, 5, 12
VOCABULARY, MEL_BINS = 24, 40
LETTERS = ["", "▁", *"etaoinsrhldcumfpgwybvk"]  # the blank has no text

LOG_MEL = {
    "kind": "logMel",
    "window": 400,
    "hop": 160,
    "fft": 512,
    "melBins": MEL_BINS,
    "lowHz": 125,
    "highHz": 7600,
    "preEmphasis": 0.97,
    "logFloor": 1e-5,
}


def stacker(past, future, stride):
    return {"kind": "stacker", "past": past, "future": future, "stride": stride}


def block(lookahead):
    return {"kind": "block", "lookahead": lookahead}


# Relative bias with stackers between the blocks, and sinusoidal positions; both look ahead.
VARIANTS = {
    "relative": ("relativeBias", [stacker(1, 1, 2), block(2), stacker(1, 0, 2), block(0), block(1)]),
    "sinusoidal": ("sinusoidal", [stacker(2, 1, 3), block(1), block(3)]),
}


def document(name):
    positions, layers = VARIANTS[name]
    return {
        "version": 1,
        "name": f"tiny-conformer-{name}",
        "sampleRate": 16000,
        "maxSegmentSeconds": 20,
        "frontEnd": LOG_MEL,
        "encoder": {
            "dim": DIM,
            "heads": HEADS,
            "feedForward": FEED_FORWARD,
            "activation": "silu",
            "halfStepFeedForward": True,
            "blockNorm": True,
            "convKernel": KERNEL,
            "normEpsilon": 1e-5,
            "span": "frames",
            "leftFrames": LEFT,
            "positions": positions,
            "memoryPositionScale": 0,
            "layers": layers,
        },
        "output": "ctc",
        "ctc": {"vocabulary": VOCABULARY, "blank": 0},
        "tokenizer": {"kind": "pieces", "special": [0]},
        "tensors": {},
        "card": {"licence": "MIT", "data": "none: the weights are random and recognize nothing"},
    }


def shapes(document):
    """Every tensor the model file needs, by name."""
    yield "frontend.mel.mean", (MEL_BINS,)
    yield "frontend.mel.scale", (MEL_BINS,)
    yield from linear("encoder.input", DIM, MEL_BINS)
    for i, layer in enumerate(document["encoder"]["layers"]):
        name = f"encoder.layers.{i}."
        if layer["kind"] == "stacker":
            yield from linear(name + "stack", DIM, (layer["past"] + 1 + layer["future"]) * DIM)
            continue
        for part in ("ff1.", "ff."):
            yield from norm(name + part + "norm")
            yield from linear(name + part + "in", FEED_FORWARD, DIM)
            yield from linear(name + part + "out", DIM, FEED_FORWARD)
        yield from norm(name + "attention.norm")
        yield from linear(name + "attention.qkv", 3 * DIM, DIM)
        yield from linear(name + "attention.out", DIM, DIM)
        if document["encoder"]["positions"] == "relativeBias":
            yield name + "attention.relative_bias", (HEADS, LEFT + 1 + layer["lookahead"])
        yield from norm(name + "conv.norm")
        yield from linear(name + "conv.in", 2 * DIM, DIM)
        yield from linear(name + "conv.depthwise", KERNEL, DIM)
        yield from norm(name + "conv.depthwise_norm")
        yield from linear(name + "conv.out", DIM, DIM)
        yield from norm(name + "norm")
    yield from norm("encoder.norm")
    yield from linear("ctc", VOCABULARY, DIM)


def linear(name, outputs, inputs):
    bias = inputs if name.endswith("depthwise") else outputs
    return (name + ".weight", (outputs, inputs)), (name + ".bias", (bias,))


def norm(name):
    return (name + ".weight", (DIM,)), (name + ".bias", (DIM,))


def fill(name, shape, random):
    x = random.standard_normal(shape).astype(np.float32)
    if name == "frontend.mel.mean":
        return x - 3
    if name == "frontend.mel.scale":
        return 0.5 + 0.05 * x
    if name.endswith("bias"):
        return (1.0 if "relative" in name else 0.2) * x
    if name.endswith("depthwise.weight"):
        return x / np.float32(np.sqrt(KERNEL))
    if len(shape) == 1:
        return 1 + 0.2 * x  # a norm
    return np.float32(1.5 / np.sqrt(shape[1])) * x


def write(path, name, seed):
    random, model = np.random.RandomState(seed), document(name)
    tensors = {tensor: fill(tensor, shape, random) for tensor, shape in shapes(model)}
    tensors["ctc.weight"] *= 2  # clear leads
    tensors["ctc.bias"][0] += 6  # some blanks
    parrotlet_file.write(path, model, tensors, [piece.encode() for piece in LETTERS])
