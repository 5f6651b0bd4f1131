"""Blending of checkpoints."""

from dataclasses import replace

import pytest
import torch
from conftest import MOONSHINE
from safetensors import safe_open
from safetensors.torch import save_file
from synthetic import SETTINGS

from parrotlet_training.__main__ import main
from parrotlet_training.export import export
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.model.teacher import load_teacher
from parrotlet_training.model.warm_start import warm_start


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


def test_of_matrices_alone_the_rest_is_the_seconds(tmp_path):
    paths = [tmp_path / f"{name}.safetensors" for name in ("first", "second", "out")]
    for path, value in zip(paths, (2.0, 6.0)):
        names = {"p.weight": (2, 2), "p.bias": (2,), "conv.0.dw.weight": (2, 1, 3)}
        save_file({name: torch.full(shape, value) for name, shape in names.items()}, path)
    options = ["--share", "0", "--only", "matrices", "--out", str(paths[2])]
    assert main(["blend", *map(str, paths[:2]), *options]) == 0
    with safe_open(paths[2], framework="pt") as file:
        found = {name: file.get_tensor(name).unique().tolist() for name in file.keys()}
    assert found == {"p.weight": [2], "p.bias": [6], "conv.0.dw.weight": [6]}


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


def test_with_the_base_added_modules_fade_out(tmp_path, tiny_architecture):
    torch.manual_seed(3)
    settings = replace(SETTINGS.model, chunk_choices=(13, 27), chunk_frames=27, ctc=False)
    model = StreamingModel(settings.architecture(tiny_architecture))
    warm_start(model, MOONSHINE)
    block = model.encoder.layers[0]
    with torch.no_grad():
        block.conv.out.weight.fill_(1.0), block.ff.inner.weight.add_(1.0)
        model.decoder.layers[0].ff.inner.weight.add_(1.0)
    trained = export(model, MOONSHINE, tmp_path, "trained", {"licence": "none"})
    out = tmp_path / "out.safetensors"
    arguments = ["blend", str(MOONSHINE), str(trained), "--share", "0.75", "--out", str(out)]
    assert main([*arguments, "--only", "encoder"]) == 0
    published = load_teacher(MOONSHINE)
    found = StreamingModel(model.arch)
    warm_start(found, out)
    blended, was = found.encoder.layers[0], published.encoder.layers[0]
    assert torch.allclose(blended.ff.inner.weight, was.ff.inner.weight + 0.75)
    assert torch.allclose(blended.conv.out.weight, torch.full_like(blended.conv.out.weight, 0.75))
    assert torch.equal(blended.conv.inner.weight, block.conv.inner.weight)
    assert torch.equal(
        found.decoder.layers[0].ff.inner.weight, model.decoder.layers[0].ff.inner.weight
    )
