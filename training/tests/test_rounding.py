"""Rounding of weights in training: the importer's integers, and masters that come back."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import GOLDEN, MOONSHINE, STREAMING, golden_floats

from parrotlet_training.errors import TrainingError
from parrotlet_training.model.architecture import WHOLE
from parrotlet_training.model.decoder import greedy
from parrotlet_training.model.integers import read_integers
from parrotlet_training.model.layers import (
    Dense,
    Rounding,
    StridedConv,
    matrices,
    product,
    quantize_rows,
    round_model,
)
from parrotlet_training.model.plan import CHANNEL, Rule, read_plan
from parrotlet_training.model.rounding import Grid, quantize, straight_through
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.model.teacher import load_teacher
from parrotlet_training.model.warm_start import warm_start
from parrotlet_training.optimizer import make_optimizer, set_rates
from parrotlet_training.settings import TrainSettings

INTEGERS = GOLDEN / "tiny-integers"
unpack = lambda text, kind: np.frombuffer(base64.b64decode(text), kind).copy()
through = lambda weight, grid: straight_through(weight, quantize(weight, grid), grid)


@pytest.fixture
def model():
    return load_teacher(MOONSHINE)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_integers_by_hand(bits):
    high = 2 ** (bits - 1) - 1
    weight = torch.tensor([[high, -high, 0.5, -0.5, 0.49, 0, 0, 0], [0.0] * 8]) * 0.25
    found = quantize(weight, Grid(bits, 4))
    assert found.scales.scale.flatten(1).tolist() == [[0.25, pytest.approx(0.49 * 0.25 / high)], [0, 0]]
    assert found.codes[0, 0].tolist() == [high, -high, 1, 0]  # halves go up
    assert found.codes[0, 1].tolist() == [high, 0, 0, 0]
    assert not found.codes[1].any() and found.scales.zero is None


def test_golden_integers():
    golden = json.loads((GOLDEN / "rounding.json").read_text())
    weights = unpack(golden["weights"], "<f4").reshape(golden["rows"], golden["depth"])
    for case in golden["cases"]:
        grid = Grid(case["bits"], case["groupSize"], case["scheme"])
        found = quantize(torch.from_numpy(weights), grid)
        assert np.array_equal(found.codes.numpy().ravel(), unpack(case["codes"], "i1"))
        assert np.array_equal(found.scales.scale.numpy().ravel(), unpack(case["scales"], "<f4"))
        if "zeros" in case:
            assert np.array_equal(found.scales.zero.numpy().ravel(), unpack(case["zeros"], "<f4"))


@pytest.mark.parametrize("scheme", ["symmetric", "affine", "midRise"])
def test_scales_alone_decide_the_codes(scheme):
    grid = Grid(2, 16, scheme, 0.7)
    first = quantize(torch.randn(8, 48), grid)
    again = quantize(first.values, replace(grid, clip="stored"), first.scales)
    assert torch.equal(first.codes, again.codes) and torch.equal(first.values, again.values)


@pytest.mark.parametrize("scheme", ["symmetric", "affine", "midRise"])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_no_scheme_errs_by_more_than_half_a_step(scheme, bits):
    weight = torch.randn(8, 48) + 0.3
    found = quantize(weight, Grid(bits, 16, scheme))
    assert found.codes.min() >= -(2 ** (bits - 1)) and found.codes.max() < 2 ** (bits - 1)
    error = (found.values - weight).abs().unflatten(1, (-1, 16))
    assert (error <= found.scales.scale * 0.5001).all()


def test_two_bits_of_each_scheme():
    weight = torch.tensor([[-3.0, -1.0, 1.0, 3.0]])
    assert quantize(weight, Grid(2, 4)).values.tolist() == [[-3, 0, 0, 3]]
    assert quantize(weight, Grid(2, 4, "midRise")).values.tolist() == [[-3, -1, 1, 3]]
    assert quantize(weight + 5, Grid(2, 4, "affine")).values.tolist() == [[2, 4, 6, 8]]


@pytest.mark.parametrize("scheme", ["symmetric", "affine", "midRise"])
def test_the_search_is_never_worse_than_any_ratio_it_tries(scheme):
    weight = torch.randn(16, 64) ** 3
    error = lambda clip: (
        (quantize(weight, Grid(2, 32, scheme, clip, 0.1, 10)).values - weight)
        .abs()
        .unflatten(1, (-1, 32))
        .sum(-1)
    )
    for clip in torch.linspace(1, 0.1, 10).tolist():
        assert (error("search") <= error(clip) * 1.00001).all()


def test_the_gradient_passes_the_rounding_but_no_clipped_weight():
    weight = torch.tensor([[1.0, 0.2, -0.3, 0.9]], requires_grad=True)
    through(weight, Grid(4, 4)).sum().backward()
    assert weight.grad.tolist() == [[1, 1, 1, 1]]
    weight.grad = None
    through(weight, Grid(4, 4, clip=0.5)).sum().backward()
    assert weight.grad.tolist() == [[0, 1, 1, 0]]


def test_the_gradient_through_the_scale_reaches_the_largest_weight():
    weight = torch.tensor([[1.0, 0.24, -0.3, 0.9]], requires_grad=True)
    grid = Grid(4, 4, scale_gradient=True)
    values, rounded = through(weight, grid), quantize(weight, grid)
    assert torch.equal(values, rounded.values)
    values.sum().backward()
    codes, at = rounded.codes.flatten(), weight.detach().flatten() * 7
    assert weight.grad[0, 1:].tolist() == pytest.approx([1, 1, 1])
    assert weight.grad[0, 0].item() == pytest.approx(1 + float((codes - at).sum()) / 7, rel=1e-5)


@pytest.mark.parametrize("scheme", ["symmetric", "affine", "midRise"])
@pytest.mark.parametrize(("bits", "activation_bits"), [(8, 8), (4, 8), (2, 8), (4, 4)])
def test_integer_products_are_those_of_the_rounded_operands(scheme, bits, activation_bits):
    rounding = Rounding(Grid(bits, 32, scheme), activation_bits)
    x, weight = torch.randn(5, 96), torch.randn(7, 96, requires_grad=True)
    y = product(x, weight, None, rounding)
    codes, scale = quantize_rows(x, activation_bits)
    values = quantize(weight, rounding.grid).values
    wanted = (codes * scale).double() @ values.double().T
    torch.testing.assert_close(y.double(), wanted, atol=1e-4, rtol=1e-5)
    y.sum().backward()
    assert torch.allclose(weight.grad, (codes * scale).sum(0).expand(7, -1), atol=1e-4)


@pytest.mark.parametrize("scheme", ["symmetric", "affine", "midRise"])
def test_sums_of_floats_have_the_same_gradients(scheme):
    exact = Rounding(Grid(2, 32, scheme), 8)
    x, weight = torch.randn(5, 96, requires_grad=True), torch.randn(7, 96, requires_grad=True)
    found = []
    for rounding in (exact, replace(exact, float_sums=True)):
        x.grad = weight.grad = None
        y = product(x, weight, torch.ones(7), rounding)
        y.square().sum().backward()
        found.append((y, x.grad, weight.grad))
    for one, other in zip(*found):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    assert not torch.equal(found[0][0], found[1][0])
    with torch.no_grad():  # what is evaluated sums integers
        again = product(x, weight, torch.ones(7), replace(exact, float_sums=True))
        assert torch.equal(again, found[0][0])


def test_a_weight_is_rounded_again_only_when_it_has_changed(monkeypatch):
    layer, rounds = Dense(32, 4), []
    layer.rounding = Rounding(Grid(4, 32))
    monkeypatch.setattr(Rounding, "of", lambda self, w: rounds.append(1) or quantize(w, self.grid))
    optimizer = make_optimizer(layer, TrainSettings(encoder_rate=0.1))
    set_rates(optimizer, 1.0)
    x = torch.randn(3, 32)
    layer(x), layer(x).sum().backward()
    assert len(rounds) == 1
    before = layer.rounded().values.clone()
    optimizer.step()
    assert not torch.equal(layer.rounded().values, before) and len(rounds) == 2
    layer.load_state_dict({"weight": torch.ones(4, 32), "bias": torch.zeros(4)})
    assert torch.allclose(layer.rounded().values, torch.ones(4, 32)) and len(rounds) == 3
    layer.rounding = Rounding(Grid(2, 16))
    assert layer.rounded().codes.shape == (4, 2, 16)


def test_large_sums_stay_exact():
    rounding = Rounding(Grid(8, 2048))
    x, weight = torch.ones(1, 2048), torch.ones(1, 2048)
    assert product(x, weight, None, rounding).item() == pytest.approx(2048, rel=1e-6)


def test_a_silent_row_is_zeros():
    codes, scale = quantize_rows(torch.tensor([[1e-31, 0.0], [2.0, -1.0]]), 8)
    assert codes.tolist() == [[0, 0], [127, -64]]
    assert scale.flatten().tolist() == pytest.approx([0, 2 / 127])


def test_a_strided_convolution_is_a_product():
    conv = StridedConv(6, 4, 3, 2)
    x = torch.randn(2, 6, 21)
    wanted = conv(x)
    conv.rounding = Rounding(Grid(8, 18), 0)
    assert torch.allclose(conv(x), wanted, atol=0.05)
    with torch.no_grad():
        matrix = quantize(conv.matrix(), conv.rounding.grid).values
        conv.weight.copy_(matrix.unflatten(1, (3, 6)).transpose(1, 2))
    rounded = conv(x)
    conv.rounding = None
    assert torch.allclose(conv(x), rounded, atol=1e-5)


def test_the_first_rule_that_matches_decides(model):
    rules = (Rule("encoder.layers.0.*", 2, 16), Rule("encoder.*", 4, 16))
    round_model(model, rules, other_bits=8)
    bits = {name: layer.rounding.grid.bits for name, layer in matrices(model).items() if layer.rounding}
    assert bits["encoder.layers.0.ff.in.weight"] == 2 and bits["encoder.layers.1.ff.in.weight"] == 4
    assert bits["decoder.embedding.weight"] == bits["frontend.conv.1.weight"] == 8
    assert "frontend.conv.0.weight" not in bits


def test_a_rounded_model_hears_almost_the_same(model, waveform):
    lengths, tokens = torch.tensor([waveform.shape[1]]), torch.tensor([[1, 7, 30]])
    before = model.decoder(tokens, *model.encode(waveform, lengths))
    round_model(model, (), other_bits=8)
    after = model.decoder(tokens, *model.encode(waveform, lengths))
    assert 0 < (after - before).norm() / before.norm() < 0.05


def test_a_rule_decides_the_activations_too(model):
    rules = [Rule("encoder.layers.0.*", 4, activations=4), Rule("encoder.*", 4, activations=32)]
    round_model(model, (*rules, Rule("decoder.*", 4)), activation_bits=8)
    bits = {n: layer.rounding.activation_bits for n, layer in matrices(model).items() if layer.rounding}
    assert bits["encoder.layers.0.ff.in.weight"] == 4 and bits["encoder.layers.1.ff.in.weight"] == 0
    assert bits["decoder.layers.0.ff.in.weight"] == 8


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("encoder.layer.*", 4, 16), "'encoder.layer.*' decides no weight"),
        (Rule("encoder.*", 4, 48), "groupSize 48 does not divide the"),
        (Rule("encoder.*", 4, "split:7"), "groupSize 'split:7' does not divide the"),
    ],
)
def test_a_plan_that_does_not_fit(rule, message, model):
    with pytest.raises(TrainingError, match=message):
        round_model(model, (rule,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no plan"),
        ('[{"bits": 4}]', "is no plan"),
        ('["*"]', "is no plan"),
        ('[{"match": "*", "bits": 3}]', "bits must be one of"),
        ('[{"match": "*", "bits": 4, "groupSize": 0}]', "0 is no groupSize"),
        ('[{"match": "*", "bits": 4, "scheme": "log"}]', "scheme must be one of"),
        ('[{"match": "*", "bits": 4, "clip": 1.5}]', "clip must be"),
        ('[{"match": "*", "bits": 4, "activations": 16}]', "activations must be 4, 8 or 32, not 16"),
        ('[{"match": "/decoder/", "bits": 4}]', "no regular expressions"),
    ],
)
def test_plans_that_are_none(text, message, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(TrainingError, match=message):
        read_plan(path)


def test_a_rule_splits_the_inputs_of_every_matrix():
    rule = Rule("*", 4, "split:3")
    assert [rule.group_of("a", depth) for depth in (288, 1152, 48)] == [96, 384, 16]
    assert Rule("*", 4, "split:1").group_of("a", 40) == 40
    for depth in (40, 96 + 16, 24):  # of no thirds, or of such that no kernel walks
        with pytest.raises(TrainingError, match="does not divide"):
            rule.group_of("a", depth)
    with pytest.raises(TrainingError, match="is no groupSize"):
        Rule("*", 4, "split:0")


def test_reads_an_importers_plan(tmp_path):
    path = tmp_path / "plan.json"
    row = {"match": "a*", "bits": 4, "groupSize": "channel", "clip": "max", "indivisible": "error"}
    path.write_text(json.dumps([row]))
    assert read_plan(path) == (Rule("a*", 4, CHANNEL),)


@pytest.fixture
def golden_model(tiny_architecture):
    arch = replace(tiny_architecture, norm="running", conv_kernel=15, span="chunk")
    model = StreamingModel(arch).eval().requires_grad_(False)
    warm_start(model, STREAMING / "checkpoint.safetensors")
    round_model(model, read_plan(INTEGERS / "plan.json"), activation_bits=8, other_bits=8)
    return model


@pytest.mark.parametrize("name", ["13", "27", "whole"])
def test_a_model_under_a_mixed_plan_equals_the_golden(name, golden_model, waveform):
    chunk = WHOLE if name == "whole" else int(name)
    memory, counts = golden_model.encode(waveform, torch.tensor([waveform.shape[1]]), chunk)
    golden = json.loads((INTEGERS / "golden.json").read_text())[name]
    wanted = golden_floats(INTEGERS / f"memory-{name}.f32", 1, *golden["memory"])
    assert (memory - wanted).norm() / wanted.norm() < 1e-2
    assert greedy(golden_model.decoder, memory, counts, [13]) == [golden["tokens"]]
    tokens = torch.tensor([[golden_model.arch.start_token, *golden["tokens"]]])
    logits = golden_model.decoder(tokens, wanted, counts)
    scores = golden_floats(INTEGERS / f"logits-{name}.f32", *logits.shape)
    assert (logits - scores).norm() / scores.norm() < 1e-2


def test_a_model_under_a_mixed_plan_has_the_integers_of_the_imported_file(golden_model):
    layers = {name: layer for name, layer in matrices(golden_model).items() if layer.rounding}
    found = read_integers(INTEGERS / "model.safetensors")
    assert found.keys() == layers.keys()
    for name, layer in layers.items():
        made, imported = layer.rounded(), found[name].rounded
        assert torch.equal(made.codes, imported.codes), name
        assert torch.equal(made.values, imported.values), name
