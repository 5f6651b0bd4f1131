"""Training that starts from the integers of a model file, and hands its own on."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import MOONSHINE
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from synthetic import CONFIG, PLAIN_SETTINGS, lessons, write_data

from parrotlet_training import evaluate
from parrotlet_training.__main__ import main
from parrotlet_training.checkpoint import Checkpoint
from parrotlet_training.errors import TrainingError
from parrotlet_training.data.manifest import read_manifest
from parrotlet_training.export import export, plan_beside
from parrotlet_training.model.integers import (
    INSIDE,
    halve_floats,
    hold_integers,
    read_integers,
    settle,
    start_from_integers,
)
from parrotlet_training.model.layers import WAVEFORM, matrices, round_model
from parrotlet_training.model.names import engine_name
from parrotlet_training.model.plan import Rule
from parrotlet_training.model.rounding import quantize
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.optimizer import make_optimizer, set_rates
from parrotlet_training.settings import QuantizeSettings
from parrotlet_training.train import Trainer

RULES = (
    Rule("encoder.layers.0.*", 2, 16, "midRise", 0.6),
    Rule("encoder.*", 2, 16, "affine"),
    Rule("decoder.embedding.weight", 8),
    Rule("decoder.*", 4, 16),
    Rule("frontend.*", 8),
)


@pytest.fixture
def model(tiny_architecture):
    torch.manual_seed(5)
    settings = replace(PLAIN_SETTINGS.model, chunk_choices=(13, 27), chunk_frames=27)
    return StreamingModel(settings.architecture(tiny_architecture)).eval().requires_grad_(False)


def write_model_file(path, model, changes=None):
    """Its matrices as `parrotlet quantize` writes them."""
    round_model(model, RULES)
    tensors, manifest = {}, {}
    for name, layer in matrices(model).items():
        if layer.rounding is None:
            continue
        grid, rounded = layer.rounding.grid, layer.rounded()
        codes = rounded.codes.flatten(1).numpy().astype(np.int64)
        places = np.pad(codes & (2**grid.bits - 1), ((0, 0), (0, -codes.shape[1] % (8 // grid.bits))))
        places = places.reshape(len(codes), -1, 8 // grid.bits) << (grid.bits * np.arange(8 // grid.bits))
        tensors[name] = torch.from_numpy(places.sum(-1).astype("u1"))
        tensors[f"{name}.scale"] = rounded.scales.scale[..., 0].clone()
        if grid.scheme == "affine":
            tensors[f"{name}.zero"] = rounded.scales.zero[..., 0].clone()
        manifest[name] = {"bits": grid.bits, "shape": list(codes.shape), "groupSize": grid.group}
        if grid.scheme != "symmetric":
            manifest[name] |= {"scheme": grid.scheme}
    manifest["encoder.layers.1.ff.in.weight"]["activations"] = 4
    manifest["encoder.layers.1.ff.out.weight"]["activations"] = 32
    manifest |= changes or {}
    save_file(tensors, path, {"document": json.dumps({"tensors": manifest})})
    return path


def halve_file(path):
    """Stores its floats as float16; what they were."""
    with safe_open(path, "pt") as file:
        document, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    halves = {n: t.half() if t.is_floating_point() else t for n, t in tensors.items()}
    save_file(halves, path, document)
    return tensors


def test_reads_what_a_model_file_holds(tmp_path, model):
    found = read_integers(write_model_file(tmp_path / "m.safetensors", model))
    layers = {name: layer for name, layer in matrices(model).items() if layer.rounding}
    assert found.keys() == layers.keys()
    for name, layer in layers.items():
        wanted, got = layer.rounded(), found[name].rounded
        assert torch.equal(wanted.codes, got.codes) and torch.equal(wanted.values, got.values)
        assert found[name].grid == replace(layer.rounding.grid, clip="stored")
    bits = {name: one.activation_bits for name, one in found.items()}
    assert bits["encoder.layers.1.ff.in.weight"] == 4 and bits["encoder.layers.1.ff.out.weight"] == 0
    assert bits["encoder.layers.0.ff.in.weight"] == 8


def test_reads_scales_of_float16(tmp_path, model):
    path = write_model_file(tmp_path / "m.safetensors", model)
    tensors = halve_file(path)
    for name, one in read_integers(path).items():
        scale = one.rounded.scales.scale
        assert scale.dtype == torch.float32 and one.rounded.values.dtype == torch.float32
        assert torch.equal(scale[..., 0], tensors[f"{name}.scale"].half().float())


def test_floats_become_halves_but_for_matrices(model):
    round_model(model, RULES)
    before = {name: value.clone() for name, value in model.named_parameters()}
    halve_floats(model)
    held = matrices(model).keys() - {WAVEFORM}
    for name, value in model.named_parameters():
        expected = before[name] if engine_name(name) in held else before[name].half().float()
        assert torch.equal(value, expected), name
    assert any(not torch.equal(before[n], before[n].half().float()) for n in before)


def test_float16_takes_only_integers_whose_scales_it_holds(tmp_path, model):
    path = write_model_file(tmp_path / "m.safetensors", model)
    quantize = QuantizeSettings(integers=path.name, floats="float16")
    settings = replace(PLAIN_SETTINGS, folder=tmp_path, quantize=quantize)
    with pytest.raises(TrainingError, match="that no float16 is.*--floats float16"):
        settings.round(model)
    halve_file(path)
    settings = replace(settings)
    settings.as_shipped(model)
    norm = model.decoder.norm.weight
    assert torch.equal(norm, norm.half().float()) and matrices(model)["decoder.embedding.weight"].rounding


def test_a_model_that_starts_from_integers_has_them_and_moves_no_further(tmp_path, model):
    found = read_integers(write_model_file(tmp_path / "m.safetensors", model))
    other = StreamingModel(model.arch).eval().requires_grad_(False)
    before = {name: layer.matrix().clone() for name, layer in matrices(other).items()}
    start_from_integers(other, found)
    hold_integers(other, found)
    kept = 0
    for name, layer in matrices(other).items():
        if name not in found:
            continue
        wanted, now = found[name].rounded, layer.matrix()
        assert torch.equal(layer.rounded().codes, wanted.codes)
        far = (before[name] - wanted.values).abs() + 1e-6
        assert ((now - wanted.values).abs() <= far).all()
        grid = found[name].grid
        steps = wanted.scales.steps(now.unflatten(1, (-1, grid.group)))
        inner = (wanted.codes > grid.low) & (wanted.codes < grid.high) & (wanted.scales.scale > 0)
        assert ((steps - wanted.codes)[inner].abs() <= INSIDE + 1e-4).all()
        kept += int((now == before[name]).sum())
    assert kept > 1000


def test_what_does_not_fit_is_refused(tmp_path, model):
    path = tmp_path / "m.safetensors"
    found = read_integers(write_model_file(path, model))
    first = next(iter(found.values()))
    with pytest.raises(TrainingError, match="no such matrix"):
        hold_integers(model, {"encoder.layers.9.ff.in.weight": first})
    with pytest.raises(TrainingError, match="but the model has"):
        hold_integers(model, {"decoder.embedding.weight": first})
    with pytest.raises(TrainingError, match="no model file"):
        read_integers(tmp_path / "none.safetensors")
    save_file({"x": torch.ones(1)}, path)
    with pytest.raises(TrainingError, match="no model file"):
        read_integers(path)
    with pytest.raises(TrainingError, match="decides alone"):
        replace(PLAIN_SETTINGS, quantize=QuantizeSettings(integers="m", plan="p"))


def test_trains_from_integers_and_exports_their_scales(tmp_path, model):
    path = write_model_file(tmp_path / "m.safetensors", model)
    teacher = export(model, MOONSHINE, tmp_path, "teacher", {})
    chunks = replace(PLAIN_SETTINGS.model, chunk_choices=(13, 27), chunk_frames=27, ctc=False)
    settings = replace(
        PLAIN_SETTINGS,
        folder=tmp_path,
        model=chunks,
        loss=replace(PLAIN_SETTINGS.loss, teacher=teacher.name),
        quantize=QuantizeSettings(integers=path.name, float_sums=True),
        train=replace(PLAIN_SETTINGS.train, steps=4, encoder_rate=0.05),
    )
    rows, audio = lessons(tmp_path / "made")
    (tmp_path / "run").mkdir()
    run = Trainer(tmp_path / "run", MOONSHINE, settings, rows, audio, torch.device("cpu"))
    run.begin(MOONSHINE)
    found = read_integers(path)
    start = {n: one.rounded.codes for n, one in found.items()}
    run.train([])
    settings.round(run.model)
    written = export(run.model.eval(), MOONSHINE, tmp_path, "trained", {})
    rules = {rule["match"]: rule for rule in json.loads(plan_beside(written).read_text())}
    assert rules.keys() == start.keys()
    assert rules["encoder.layers.1.ff.in.weight"] == {
        "match": "encoder.layers.1.ff.in.weight",
        "bits": 2,
        "groupSize": 16,
        "scheme": "affine",
        "clip": "stored",
        "activations": 4,
    }
    tensors = load_file(written)
    weight = tensors["encoder.e.layers.0.self_attn.k_proj.weight"]
    scale = tensors["encoder.e.layers.0.self_attn.k_proj.weight.scale"]
    rows = len(weight)
    held = found["encoder.layers.0.attention.qkv.weight"]
    assert torch.equal(scale, held.rounded.scales.scale[rows : 2 * rows, :, 0])
    layers = matrices(run.model)
    changed = [n for n in start if not torch.equal(layers[n].rounded().codes, start[n])]
    assert "encoder.layers.0.attention.qkv.weight" in changed  # it has learnt
    codes = quantize(weight, held.grid, replace_rows(held.rounded.scales, rows)).codes
    name = "encoder.layers.0.attention.qkv.weight"
    assert torch.equal(codes, layers[name].rounded().codes[rows : 2 * rows])


def test_scales_learn_around_codes_that_stay(tmp_path, model):
    path = write_model_file(tmp_path / "m.safetensors", model)
    chunks = replace(PLAIN_SETTINGS.model, chunk_choices=(13, 27), chunk_frames=27, ctc=False)
    settings = replace(
        PLAIN_SETTINGS,
        folder=tmp_path,
        model=chunks,
        quantize=QuantizeSettings(integers=path.name, learn_scales=True, float_sums=True),
        train=replace(PLAIN_SETTINGS.train, steps=4, scale_rate=0.01, matrices=False, average=0.5),
    )
    rows, audio = lessons(tmp_path / "made")
    (tmp_path / "run").mkdir()
    make = lambda: Trainer(tmp_path / "run", MOONSHINE, settings, rows, audio, torch.device("cpu"))
    run = make()
    run.begin(MOONSHINE)
    run.train(read_manifest(tmp_path / "made" / "data", "dev"))
    again = make()
    again.resume()
    saved = Checkpoint.load(run.checkpoint_path).averaged_model(settings.prepare)
    settings.round(saved)
    found = read_integers(path)
    layers = matrices(saved)
    for name, one in found.items():
        rounded = layers[name].rounded()
        assert torch.equal(rounded.codes, one.rounded.codes)
        if ".conv." in name:  # added modules start from nothing
            assert rounded.values.any() != name.endswith("conv.out.weight")
            continue
        assert not torch.equal(rounded.scales.scale, one.rounded.scales.scale)
        if one.grid.scheme == "affine":
            assert not torch.equal(rounded.scales.zero, one.rounded.scales.zero)
    before = {name: layers[name].rounded().values.clone() for name in found}
    settle(saved)
    assert all(torch.equal(layers[n].rounded().values, before[n]) for n in found)
    for name, one in found.items():
        assert torch.equal(layers[name].rounded().codes, one.rounded.codes), name
    written = load_file(export(saved, MOONSHINE, tmp_path, "trained", {}))
    assert not any("learned" in name for name in written)
    scale = written["decoder.embed_tokens.weight.scale"]
    assert torch.equal(scale, layers["decoder.embedding.weight"].rounded().scales.scale[..., 0])
    for quantize in (
        QuantizeSettings(learn_scales=True),
        QuantizeSettings(integers="m", learn_scales=True, from_step=1),
    ):
        with pytest.raises(TrainingError, match="needs quantize.integers"):
            replace(PLAIN_SETTINGS, quantize=quantize)


def learning_all(tmp_path, model):
    """A model whose scales, as float16, and codes learn, and the configuration."""
    path = write_model_file(tmp_path / "m.safetensors", model)
    quantize = QuantizeSettings(
        integers=path.name, learn_scales=True, float_sums=True, floats="float16"
    )
    settings = replace(PLAIN_SETTINGS, folder=tmp_path, quantize=quantize)
    learning = StreamingModel(model.arch)
    learning.load_state_dict(model.state_dict())
    settings.prepare(learning)
    start_from_integers(learning, settings.integers)
    settings.round(learning)
    return learning, settings


def test_codes_and_scales_learn_together(tmp_path, model):
    learning, settings = learning_all(tmp_path, model)
    layers, found = matrices(learning), settings.integers
    rates = replace(PLAIN_SETTINGS.train, scale_rate=0.01, code_rate=0.15, table_rate=0.0)
    optimizer = make_optimizer(learning, rates)
    parts = {group["part"]: group for group in optimizer.param_groups}
    assert parts["codes"]["peak"] == 0.15 and parts["codes"]["weight_decay"] == 0
    assert not any(p is layers["decoder.embedding.weight"].weight for p in parts["codes"]["params"])
    for name, one in found.items():
        layer = layers[name]
        scale = layer.rounded().scales.scale
        assert torch.equal(layer.rounded().codes, one.rounded.codes), name
        assert torch.equal(scale, one.rounded.scales.scale.half().float()), name
        values = layer.values()
        assert torch.equal(values.detach(), layer.rounded().values), name
        wanted = torch.linspace(-1, 1, values.numel()).reshape(values.shape)
        (values * wanted).sum().backward()
        if layer.matrix() is layer.weight and layer.weight.requires_grad:
            at, grid = layer.weight.detach(), one.grid
            clipped = (at < grid.low - 0.5) | (at > grid.high + 0.5)
            expected = wanted.masked_fill(clipped, 0).unflatten(1, (-1, grid.group)) * scale
            assert torch.equal(layer.weight.grad, expected.flatten(1)), name
    resting = make_optimizer(learning, replace(rates, code_rate=0.0))
    assert not any(layers[name].weight.requires_grad for name in found)
    assert {group["part"] for group in resting.param_groups} >= {"scales", "encoder", "decoder"}
    set_rates(optimizer, 1.0)
    for _ in range(3):  # 0.45 steps: over the border from anywhere within 0.3 of a code's middle
        optimizer.step()
    for name, one in found.items():
        now = layers[name].rounded()
        moved = not torch.equal(now.codes, one.rounded.codes)
        still = name == "decoder.embedding.weight" or not one.rounded.scales.scale.any()
        assert moved != still, name
        assert torch.equal(now.scales.scale, now.scales.scale.half().float()), name
    before = {name: layers[name].rounded() for name in found}
    settle(learning)
    for name in found:
        now = layers[name].rounded()
        assert torch.equal(now.codes, before[name].codes), name
        assert torch.equal(now.values, before[name].values), name


def test_weights_in_steps_are_not_scored_as_floats(tmp_path, model, monkeypatch, capsys):
    learning, _ = learning_all(tmp_path, model)
    monkeypatch.setattr(evaluate, "load_model", lambda *_: learning)
    config, data = tmp_path / "tiny.toml", write_data(tmp_path / "data")
    config.write_text(CONFIG)
    folders = ["--data", str(data), "--base", str(MOONSHINE), "--work", str(tmp_path)]
    command = ["evaluate", "--config", str(config), *folders, "--device", "cpu"]
    assert main([*command, "--model", "run.pt"]) == 1
    assert "in steps of their codes" in (error := capsys.readouterr().err) and "--rounded" in error


def replace_rows(scales, rows):
    zero = None if scales.zero is None else scales.zero[rows : 2 * rows]
    return replace(scales, scale=scales.scale[rows : 2 * rows], zero=zero)
