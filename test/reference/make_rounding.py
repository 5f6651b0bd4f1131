"""Writes test/golden/rounding.json: weights, and what quantization-aware training rounds them to.

Run in training/ with its environment: python ../test/reference/make_rounding.py. The importer (in
TypeScript) and training (in PyTorch) are both held to it, so that they agree to the last integer.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

from parrotlet_training.model.rounding import Grid, quantize  # noqa: E402

ROWS, DEPTH = 24, 96
BITS, GROUPS = (2, 4, 8), (32, 48, 96)


def text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def main() -> None:
    rng = np.random.default_rng(11)
    weights = rng.standard_normal((ROWS, DEPTH)).astype("<f4")
    weights *= (10.0 ** rng.uniform(-6, 3, (ROWS, 1))).astype("<f4")
    weights[0] = 0
    weights[1] = rng.integers(-14, 15, DEPTH) / 2 * weights[1, 0]  # many halves
    weights[2, ::3] = 0
    weights[3] *= np.float32(1e-36)  # scales that are too small to store
    cases = []
    for bits in BITS:
        for group in GROUPS:
            found = quantize(torch.from_numpy(weights), Grid(bits, group))
            cases.append(
                {
                    "bits": bits,
                    "groupSize": group,
                    "codes": text(found.codes.numpy().astype("i1")),
                    "scales": text(found.scale.numpy().astype("<f4")),
                }
            )
    golden = {"rows": ROWS, "depth": DEPTH, "weights": text(weights), "cases": cases}
    path = ROOT / "test" / "golden" / "rounding.json"
    path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
