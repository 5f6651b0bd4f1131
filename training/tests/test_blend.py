"""Blending of checkpoints."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from parrotlet_training.__main__ import main


@pytest.fixture
def checkpoints(tmp_path):
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    save_file({"a": torch.zeros(2, 2).half(), "b": torch.tensor(4.0)}, first)
    save_file({"a": torch.ones(2, 2), "b": torch.tensor([8.0])}, second, {"licence": "MIT"})
    return first, second


def test_lies_between(checkpoints, tmp_path):
    out = tmp_path / "out.safetensors"
    assert main(["blend", *map(str, checkpoints), "--share", "0.25", "--out", str(out)]) == 0
    with safe_open(out, framework="pt") as file:
        assert file.get_tensor("a").tolist() == [[0.25, 0.25], [0.25, 0.25]]
        assert file.get_tensor("b").tolist() == [5]
        assert file.metadata() == {"licence": "MIT"}


def test_refuses_what_does_not_belong_together(checkpoints, tmp_path, capsys):
    first, _ = checkpoints
    other, out = tmp_path / "other.safetensors", str(tmp_path / "out")
    save_file({"a": torch.zeros(2, 3), "b": torch.tensor(4.0)}, other)
    assert main(["blend", str(first), str(other), "--out", out]) == 1
    assert "a is [2, 2] in" in capsys.readouterr().err
    save_file({"a": torch.zeros(2, 2)}, other)
    assert main(["blend", str(first), str(other), "--out", out]) == 1
    assert "b is in only one of" in capsys.readouterr().err
    assert main(["blend", str(first), str(first), "--share", "2", "--out", out]) == 1
    assert "--share must be 0 to 1" in capsys.readouterr().err
