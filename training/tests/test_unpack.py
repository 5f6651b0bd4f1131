"""A model file's weights as a checkpoint again."""

import json
from dataclasses import replace

import pytest
import torch
from conftest import GOLDEN, MOONSHINE, STREAMING
from synthetic import CONFIG

from parrotlet_training.__main__ import main
from parrotlet_training.errors import TrainingError
from parrotlet_training.model.integers import read_integers
from parrotlet_training.model.layers import matrices
from parrotlet_training.model.names import engine_name
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.model.teacher import load_streaming
from parrotlet_training.tensor_file import read_tensors
from parrotlet_training.unpack import fill

MODEL_FILE = GOLDEN / "tiny-integers" / "model.safetensors"


@pytest.fixture
def architecture(tiny_architecture):
    return replace(tiny_architecture, norm="running", conv_kernel=15, span="chunk")


def test_matrices_are_what_the_integers_stand_for_and_all_else_is_as_imported(architecture):
    model = StreamingModel(architecture)
    card = fill(model, MODEL_FILE)
    _, metadata = read_tensors(MODEL_FILE)
    stored = json.loads(metadata["document"])["card"]
    assert card == {k: stored[k] for k in ("licence", "base", "data", "source") if k in stored}
    found = read_integers(MODEL_FILE)
    for name, one in found.items():
        assert torch.equal(matrices(model)[name].matrix(), one.rounded.values), name
    imported = load_streaming(STREAMING / "checkpoint.safetensors", architecture).state_dict()
    others = {k: v for k, v in model.state_dict().items() if engine_name(k) not in found}
    assert len(others) > len(found) / 2
    for name, tensor in others.items():
        assert torch.equal(tensor, imported[name]), name


def test_the_command_writes_a_checkpoint_to_start_from(tmp_path, architecture, capsys):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.replace("conv_kernel = 5", "conv_kernel = 15"))
    common = ["--config", str(config), "--base", str(MOONSHINE)]
    assert main(["unpack", *common, "--model", str(MODEL_FILE), "--out", str(tmp_path)]) == 0
    written = tmp_path / "streaming.safetensors"
    assert str(written) in capsys.readouterr().out
    again, model = load_streaming(written, architecture), StreamingModel(architecture)
    fill(model, MODEL_FILE)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_another_architecture_is_named(architecture):
    with pytest.raises(TrainingError, match=r"conv.depthwise.weight should be \[.*another arch"):
        fill(StreamingModel(replace(architecture, conv_kernel=7)), MODEL_FILE)
    with pytest.raises(TrainingError, match="another architecture"):
        fill(StreamingModel(replace(architecture, feed_forward=32)), MODEL_FILE)


def test_what_is_no_model_file_is_named(architecture):
    with pytest.raises(TrainingError, match="no streaming model of the engine"):
        fill(StreamingModel(architecture), STREAMING / "checkpoint.safetensors")
