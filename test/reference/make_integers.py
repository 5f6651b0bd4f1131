"""Writes what quantization-aware training computes in integers, for importer and engine to equal.

test/golden/rounding.json       weights, and what they are rounded to
test/golden/integer-products.bin  rows of activations times such weights, to the last bit
test/golden/tiny-integers/      the tiny streaming checkpoint, rounded by plan.json: memory, tokens, and
                                the scores of every token after each of these

Run in training/ with its environment: python ../test/reference/make_integers.py.
"""

import base64
import json
import sys
from dataclasses import replace
from itertools import product as product_of
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test" / "golden"
sys.path.insert(0, str(ROOT / "training"))

from parrotlet_training.model.architecture import (  # noqa: E402
    WHOLE,
    moonshine_architecture,
    read_config,
)
from parrotlet_training.model.decoder import greedy  # noqa: E402
from parrotlet_training.model.layers import Rounding, product, round_model  # noqa: E402
from parrotlet_training.model.plan import SCHEMES, read_plan  # noqa: E402
from parrotlet_training.model.rounding import Grid, quantize  # noqa: E402
from parrotlet_training.model.streaming_model import StreamingModel  # noqa: E402
from parrotlet_training.model.warm_start import warm_start  # noqa: E402
from parrotlet_training.recognize import load_tokenizer  # noqa: E402

ROWS, DEPTH = 24, 96
BITS, GROUPS = (2, 4, 8), (32, 48, 96)
ACTIVATIONS = (8, 4)
INPUT_ROWS, TOKENS = 5, 13
CHUNKS = {"13": 13, "27": 27, "whole": WHOLE}


def text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def make_rounding(rng: np.random.Generator) -> None:
    weights = rng.standard_normal((ROWS, DEPTH)).astype("<f4")
    weights *= (10.0 ** rng.uniform(-6, 3, (ROWS, 1))).astype("<f4")
    weights[0] = 0
    weights[1] = rng.integers(-14, 15, DEPTH) / 2 * weights[1, 0]  # many halves
    weights[2, ::3] = 0
    weights[3] *= np.float32(1e-36)  # scales that are too small to store
    cases = []
    for scheme, bits, group in product_of(SCHEMES, BITS, GROUPS):
        found = quantize(torch.from_numpy(weights), Grid(bits, group, scheme))
        case = {"scheme": scheme, "bits": bits, "groupSize": group}
        case["codes"] = text(found.codes.numpy().astype("i1"))
        case["scales"] = text(found.scales.scale.numpy().astype("<f4"))
        if scheme == "affine":
            case["zeros"] = text(found.scales.zero.numpy().astype("<f4"))
        cases.append(case)
    golden = {"rows": ROWS, "depth": DEPTH, "weights": text(weights), "cases": cases}
    (GOLDEN / "rounding.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


def make_products(rng: np.random.Generator) -> None:
    """For each case seven int32 (bits, group, place in SCHEMES, bits of activations, rows, outputs,
    inputs), then activations, codes as in model files, scales, zeros if affine, biases, products."""
    out = bytearray()
    for activations, scheme, bits, group in product_of(ACTIVATIONS, SCHEMES, BITS, GROUPS):
        x = rng.standard_normal((INPUT_ROWS, DEPTH)).astype("<f4")
        x *= (10.0 ** rng.uniform(-3, 3, (INPUT_ROWS, 1))).astype("<f4")
        x[1] = 0
        weight = torch.from_numpy(rng.standard_normal((ROWS, DEPTH)).astype("<f4"))
        bias = rng.standard_normal(ROWS).astype("<f4")
        rounding = Rounding(Grid(bits, group, scheme), activations)
        found = quantize(weight, rounding.grid)
        y = product(torch.from_numpy(x), weight, torch.from_numpy(bias), rounding)
        head = (bits, group, SCHEMES.index(scheme), activations, INPUT_ROWS, ROWS, DEPTH)
        out += np.array(head, "<i4").tobytes() + x.tobytes()
        out += packed(found.codes.numpy().reshape(ROWS, DEPTH), bits)
        out += found.scales.scale.numpy().tobytes()
        if scheme == "affine":
            out += found.scales.zero.numpy().tobytes()
        out += bias.tobytes() + y.numpy().tobytes()
    (GOLDEN / "integer-products.bin").write_bytes(bytes(out))


def packed(codes: np.ndarray, bits: int) -> bytes:
    """(rows, depth) of a whole number of bytes -> as in model files: first code in the lowest bits"""
    unsigned = codes.astype(np.int64) & (2**bits - 1)
    places = unsigned.reshape(len(codes), -1, 8 // bits) << (bits * np.arange(8 // bits))
    return places.sum(-1).astype("u1").tobytes()


@torch.no_grad()
def make_model() -> None:
    folder, source = GOLDEN / "tiny-integers", GOLDEN / "tiny-streaming"
    arch = moonshine_architecture(read_config(source))
    arch = replace(arch, norm="running", conv_kernel=15, span="chunk")
    model = StreamingModel(arch).eval()
    warm_start(model, source / "checkpoint.safetensors")
    round_model(model, read_plan(folder / "plan.json"), activation_bits=8, other_bits=8)
    samples = torch.from_numpy(np.fromfile(GOLDEN / "waveform.f32", "<f4"))[None]
    tokenizer, golden = load_tokenizer(source), {}
    for name, chunk in CHUNKS.items():
        memory, counts = model.encode(samples, torch.tensor([samples.shape[1]]), chunk)
        tokens = greedy(model.decoder, memory, counts, [TOKENS])[0]
        memory[0].numpy().astype("<f4").tofile(folder / f"memory-{name}.f32")
        logits = model.decoder(torch.tensor([[arch.start_token, *tokens]]), memory, counts)
        logits[0].numpy().astype("<f4").tofile(folder / f"logits-{name}.f32")
        said = tokenizer.decode(tokens, skip_special_tokens=True).strip()
        golden[name] = {"memory": list(memory.shape[1:]), "tokens": tokens, "text": said}
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    rng = np.random.default_rng(11)
    make_rounding(rng)
    make_products(rng)
    make_model()
