"""`divergence`: a model beside its teacher."""

from dataclasses import replace

import pytest
import torch
from conftest import MOONSHINE
from synthetic import CONFIG, SETTINGS, lessons, write_data

from parrotlet_training.__main__ import main
from parrotlet_training.data.manifest import read_manifest
from parrotlet_training.divergence import compare, from_start_on
from parrotlet_training.export import export
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.model.warm_start import warm_start

ROUNDED = """
[loss]
teacher = "teacher.safetensors"
[quantize]
other_bits = 2
activation_bits = 8
"""


@pytest.fixture
def model(tiny_architecture):
    torch.manual_seed(3)
    settings = replace(SETTINGS.model, chunk_choices=(13, 27, 53), chunk_frames=27, ctc=False)
    model = StreamingModel(settings.architecture(tiny_architecture)).eval()
    warm_start(model, MOONSHINE)
    return model


def other(model, part):
    """The model with other weights in one of its parts."""
    found = StreamingModel(model.arch).eval()
    found.load_state_dict(model.state_dict())
    with torch.no_grad():
        getattr(found, part).layers[0].ff.inner.weight.mul_(-1)
    return found


def test_tells_which_part_differs(tmp_path, model):
    _, audio = lessons(tmp_path, 9)
    rows = read_manifest(tmp_path / "data")
    tokens, same = compare(model, model, audio, rows)
    assert tokens >= len(rows) and same == pytest.approx([0, 0, 0, 0], abs=1e-6)
    tokens_again, (whole, encoder, decoder, blocks) = compare(
        other(model, "encoder"), model, audio, rows
    )
    assert tokens_again == tokens and whole == pytest.approx(encoder) and decoder < 1e-6
    assert min(whole, blocks) > 1e-5
    _, (whole, encoder, decoder, blocks) = compare(other(model, "decoder"), model, audio, rows)
    assert whole == pytest.approx(decoder) and encoder < 1e-6
    assert min(whole, blocks) > 1e-5


def test_means_are_per_token_however_utterances_are_batched(tmp_path, model):
    _, audio = lessons(tmp_path, 9)
    rows = read_manifest(tmp_path / "data")[:3]
    student = other(model, "decoder")
    single = [compare(student, model, audio, [row]) for row in rows]
    total, (whole, *_) = compare(student, model, audio, rows)
    assert total == sum(tokens for tokens, _ in single)
    assert whole == pytest.approx(sum(n * means[0] for n, means in single) / total, rel=1e-3)


def test_what_is_read():
    tokens, read = from_start_on([[5, 6], []], 1)
    assert tokens.tolist() == [[1, 5, 6], [1, 1, 1]]
    assert read.tolist() == [[True, True, True], [True, False, False]]


def test_as_a_command(tmp_path, model, capsys):
    data, config, work = write_data(tmp_path / "data"), tmp_path / "tiny.toml", tmp_path / "work"
    teacher = export(model, MOONSHINE, tmp_path, "teacher", {"licence": "none"})
    paths = {"config": config, "data": data, "base": MOONSHINE, "work": work}
    common = [str(word) for name, path in paths.items() for word in (f"--{name}", path)]
    config.write_text(CONFIG.replace("conv_kernel = 5", "conv_kernel = 5\nctc = false"))
    assert main(["prepare", *common]) == 0
    options = [*common, "--model", str(teacher)]
    assert main(["divergence", *options]) == 1
    assert "tiny.toml names no loss.teacher" in capsys.readouterr().err
    config.write_text(config.read_text() + ROUNDED)
    assert main(["divergence", *options, "--subset", "none"]) == 1
    assert "No utterance of train is left" in capsys.readouterr().err
    assert main(["divergence", *options, "--limit", "2"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    names = header.split()
    assert names == ["split", "tokens", "whole", "encoder", "decoder", "blocks"]
    rows = {line.split()[0]: [float(x) for x in line.split()[1:]] for line in lines}
    assert list(rows) == ["train", "dev"] and all(min(row) > 0 for row in rows.values())
