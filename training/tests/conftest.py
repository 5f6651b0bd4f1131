"""Paths and models that many tests share; everything is tiny and comes from the repository."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from pathlib import Path

import numpy as np
import pytest
import torch

from parrotlet_training.model.architecture import moonshine_architecture, read_config

GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
MOONSHINE = GOLDEN / "tiny-moonshine"
STREAMING = GOLDEN / "tiny-streaming"

torch.set_num_threads(1)


def golden_floats(path: Path, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.fromfile(path, "<f4").reshape(shape))


@pytest.fixture
def waveform() -> torch.Tensor:
    """(1, samples): the two seconds that the golden files were made from."""
    return golden_floats(GOLDEN / "waveform.f32", 1, -1)


@pytest.fixture
def tiny_architecture():
    return moonshine_architecture(read_config(MOONSHINE))
