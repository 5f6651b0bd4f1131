"""Rounding of weights in training: the importer's integers, and masters that come back."""

import base64
import json

import numpy as np
import pytest
import torch
from conftest import GOLDEN, MOONSHINE

from parrotlet_training.errors import TrainingError
from parrotlet_training.model.rounding import (
    CHANNEL,
    Rule,
    planned,
    quantize,
    read_plan,
    round_weights,
    rounded,
)
from parrotlet_training.model.teacher import load_teacher

RULES = (Rule("decoder.embedding.weight", 8, CHANNEL), Rule("encoder.*", 4, 16))


@pytest.fixture
def model():
    return load_teacher(MOONSHINE)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_integers_by_hand(bits):
    high = 2 ** (bits - 1) - 1
    weight = torch.tensor([[high, -high, 0.5, -0.5, 0.49, 0, 0, 0], [0.0] * 8]) * 0.25
    codes, scale = quantize(weight, bits, 4)
    assert scale.flatten(1).tolist() == [[0.25, pytest.approx(0.49 * 0.25 / high)], [0, 0]]
    assert codes[0, 0].tolist() == [high, -high, 1, 0]  # halves go up
    assert codes[0, 1].tolist() == [high, 0, 0, 0]
    assert not codes[1].any()


def test_golden_integers():
    golden = json.loads((GOLDEN / "rounding.json").read_text())
    unpack = lambda text, kind: np.frombuffer(base64.b64decode(text), kind).copy()
    weights = unpack(golden["weights"], "<f4").reshape(golden["rows"], golden["depth"])
    for case in golden["cases"]:
        codes, scales = quantize(torch.from_numpy(weights), case["bits"], case["groupSize"])
        assert np.array_equal(codes.numpy().ravel(), unpack(case["codes"], "i1"))
        assert np.array_equal(scales.numpy().ravel(), unpack(case["scales"], "<f4"))


def test_rounded_weights_lie_on_their_grid_and_stay_there(model):
    before = {name: p.clone() for name, p in model.named_parameters()}
    round_weights(model, RULES)
    weight = model.encoder.layers[0].ff.inner.weight
    codes, scale = quantize(weight, 4, 16)
    assert codes.abs().max() == 7
    assert torch.allclose((codes * scale).flatten(1), weight, rtol=1e-6, atol=0)
    untouched = [n for n, p in model.named_parameters() if torch.equal(p, before[n])]
    assert "decoder.layers.0.ff.inner.weight" in untouched
    assert "encoder.layers.0.ff.inner.bias" in untouched
    assert "encoder.layers.0.ff.inner.weight" not in untouched


def test_masters_come_back_also_after_an_error(model):
    before = model.encoder.layers[0].ff.inner.weight.detach().clone()
    with pytest.raises(RuntimeError), rounded(model, RULES):
        assert not torch.equal(model.encoder.layers[0].ff.inner.weight, before)
        raise RuntimeError
    assert torch.equal(model.encoder.layers[0].ff.inner.weight, before)


def test_the_gradient_is_that_of_the_rounded_weights(model):
    layer = model.requires_grad_(True).encoder.layers[0].ff.inner
    x = torch.randn(3, layer.weight.shape[1])
    with rounded(model, RULES):
        wanted = layer.weight.detach().clone()
        layer(x).square().sum().backward()
    twin = torch.nn.Linear(*reversed(layer.weight.shape))
    twin.load_state_dict({"weight": wanted, "bias": layer.bias.detach()})
    twin(x).square().sum().backward()
    assert torch.equal(layer.weight.grad, twin.weight.grad)


def test_the_first_rule_that_matches_decides(model):
    rules = (Rule("encoder.layers.0.*", 2, 16), Rule("encoder.*", 4, 16))
    first = model.encoder.layers[0].ff.inner.weight
    bits = {id(parameter): bits for parameter, bits, _ in planned(model, rules)}
    assert bits[id(first)] == 2 and set(bits.values()) == {2, 4}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("encoder.layer.*", 4, 16), "'encoder.layer.*' names no weight"),
        (Rule("encoder.*", 4, 48), "groups of 48 do not divide the"),
    ],
)
def test_a_plan_that_does_not_fit(rule, message, model):
    with pytest.raises(TrainingError, match=message):
        planned(model, (rule,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no plan"),
        ('[{"match": "*", "bits": 4}]', "is no plan"),
        ('[{"match": "*", "bits": 3, "groupSize": 32, "clip": "max"}]', "2, 4 or 8 bits"),
        ('[{"match": "*", "bits": 4, "groupSize": 32}]', '"clip": "max"'),
    ],
)
def test_plans_that_training_cannot_follow(text, message, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(TrainingError, match=message):
        read_plan(path)


def test_reads_an_importers_plan(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps([{"match": "a*", "bits": 4, "groupSize": "channel", "clip": "max"}]))
    assert read_plan(path) == (Rule("a*", 4, CHANNEL),)
