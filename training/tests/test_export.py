"""`export`: what it writes, what it takes back of training, and what it refuses."""

import json
from dataclasses import replace

import pytest
import torch
from conftest import MOONSHINE
from safetensors import safe_open
from synthetic import SETTINGS

from parrotlet_training.errors import TrainingError
from parrotlet_training.export import export, keep_share
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.model.warm_start import warm_start


def test_export_reads_back_as_the_same_model(tmp_path, tiny_architecture, waveform):
    settings = replace(
        SETTINGS.model, chunk_choices=(13, 27, 53), chunk_frames=27, decoder_layers=(1,)
    )
    arch = settings.architecture(tiny_architecture)
    model = StreamingModel(arch).eval().requires_grad_(False)
    warm_start(model, MOONSHINE, kept=(1,))
    torch.nn.init.normal_(model.encoder.layers[0].conv.out.weight)
    path = export(model, MOONSHINE, tmp_path / "out", "small", {"licence": "none"})
    again = StreamingModel(replace(arch, ctc=False)).eval().requires_grad_(False)
    assert warm_start(again, path) == []
    lengths = torch.tensor([waveform.shape[1]])
    assert torch.equal(
        model.encode(waveform, lengths, 13)[0], again.encode(waveform, lengths, 13)[0]
    )
    ours = {k: v for k, v in model.state_dict().items() if not k.startswith("ctc.")}
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in ours.items())
    config = json.loads((path.parent / "config.json").read_text())
    assert config["decoder_num_hidden_layers"] == 1 and (path.parent / "tokenizer.json").exists()
    with safe_open(path, "pt") as file:
        assert file.metadata()["licence"] == "none"


def test_export_keeps_a_share_of_what_training_changed(tiny_architecture):
    settings = replace(SETTINGS, model=replace(SETTINGS.model, decoder_layers=(1,)))
    torch.manual_seed(settings.train.seed)
    model = StreamingModel(settings.model.architecture(tiny_architecture))
    settings.start(model, MOONSHINE, tiny_architecture)
    began = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        for value in model.state_dict().values():
            value.add_(1)
    keep_share(model, 0.25, settings, MOONSHINE, MOONSHINE)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, began[name] + 0.25, msg=name)
    for share, start, message in (
        (-0.1, MOONSHINE, "--share must be 0 to 1, not -0.1"),
        (0.5, None, "--share needs --start"),
    ):
        with pytest.raises(TrainingError, match=message):
            keep_share(model, share, settings, MOONSHINE, start)


def test_exports_look_ahead_by_frames(tmp_path, tiny_architecture):
    settings = replace(SETTINGS.model, span="frames", lookahead=(1, 2))
    model = StreamingModel(settings.architecture(tiny_architecture))
    with safe_open(export(model, MOONSHINE, tmp_path, "x", {}), "pt") as file:
        assert json.loads(file.metadata()["architecture"])["lookahead"] == [1, 2]


def test_export_refuses_what_could_not_be_imported(tmp_path, tiny_architecture):
    for changes, message in (
        (dict(span="full"), "span 'full'"),
        (dict(conv_kernel=0), "kernel of 0"),
        (dict(half_rate_from=1), "half_rate_from is 1: the engine runs every encoder block"),
    ):
        settings = replace(
            SETTINGS.model, **{"chunk_choices": (13, 27, 53), "chunk_frames": 27, **changes}
        )
        model = StreamingModel(settings.architecture(tiny_architecture))
        with pytest.raises(TrainingError, match=message):
            export(model, MOONSHINE, tmp_path, "x", {})
    settings = replace(SETTINGS.model, chunk_choices=(13, 27, 53), chunk_frames=27)
    with pytest.raises(TrainingError, match="card: .'colour'. has no place"):
        export(
            StreamingModel(settings.architecture(tiny_architecture)),
            MOONSHINE,
            tmp_path,
            "x",
            {"colour": ""},
        )
