"""Word error rates, their intervals, and text from audio."""

import json

import numpy as np
import pytest
import torch
from conftest import STREAMING
from test_model import golden_model

from parrotlet_training.model.architecture import WHOLE
from parrotlet_training.optimizer import Average
from parrotlet_training.recognize import by_length, load_tokenizer, transcribe
from parrotlet_training.scores import change, count_errors, score
from parrotlet_training.words import align, word_errors


@pytest.mark.parametrize(
    ("hypothesis", "reference", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a x c", "a b c", 1),
        ("a c", "a b c", 1),
        ("a b b c", "a b c", 1),
        ("", "a b c", 3),
        ("x y", "", 2),
        ("b c d", "a b c", 2),
    ],
)
def test_word_errors(hypothesis, reference, errors):
    assert word_errors(hypothesis.split(), reference.split()) == errors
    pairs = align(hypothesis.split(), reference.split())
    a, b = hypothesis.split(), reference.split()
    assert sum(None in pair or a[pair[0]] != b[pair[1]] for pair in pairs) == errors
    assert [i for i, _ in pairs if i is not None] == list(range(len(a)))
    assert [j for _, j in pairs if j is not None] == list(range(len(b)))


def test_errors_are_counted_after_normalization():
    assert count_errors("Mr. Brown, it's 5!", "MISTER BROWN IT IS FIVE") == (0, 5)
    assert count_errors("Mr. Brown is late.", "MISTER BROWN WAS LATE") == (1, 4)


def test_score_and_its_interval():
    rng = np.random.default_rng(4)
    counts = [(int(errors), 20) for errors in rng.binomial(20, 0.1, 400)]
    found = score(counts)
    assert found.percent == pytest.approx(100 * sum(e for e, _ in counts) / 8000)
    half = 100 * 1.96 * (0.1 * 0.9 / 8000) ** 0.5  # of a binomial
    assert found.high - found.percent == pytest.approx(half, rel=0.15)
    assert found.percent - found.low == pytest.approx(half, rel=0.15)
    assert (found.utterances, found.words) == (400, 8000)
    assert score(counts) == found
    same = score([(1, 10)] * 5)
    assert (same.low, same.percent, same.high) == (10, 10, 10)


def test_transcribe_says_what_the_golden_says_for_each_chunk(tiny_architecture, waveform):
    golden = json.loads((STREAMING / "golden.json").read_text())
    model, tokenizer = golden_model(tiny_architecture), load_tokenizer(STREAMING)
    samples = waveform[0].numpy()
    for name, chunk in (("8", 8), ("13", 13), ("27", 27), ("whole", WHOLE)):
        assert golden[name]["ended"]
        both = transcribe(model, tokenizer, [samples, samples[:9000]], chunk)
        assert both[0] == golden[name]["text"].strip()


def test_change_draws_the_same_utterances():
    hard = [(9, 10), (1, 10)] * 20
    moved = change([(e + 1, w) for e, w in hard], hard)
    assert (moved.points, moved.low, moved.high) == pytest.approx((10, 10, 10))
    assert str(moved) == "+10.0 (+10.0 to +10.0)"
    moved = change([(1, 10), (9, 10)] * 20, hard)
    assert moved.points == pytest.approx(0) and moved.low < -10 < 10 < moved.high


def test_batches_by_length_hold_their_budget():
    seconds = [5.0, 1.0, 9.0, 2.0, 2.5, 30.0, 1.5]
    batches = list(by_length(seconds, 10.0))
    assert sorted(i for batch in batches for i in batch) == list(range(7))
    assert all(len(b) == 1 or max(seconds[i] for i in b) * len(b) <= 10 for b in batches)
    assert len(batches) < 6


def test_average_follows_slowly_and_leaves_the_frozen():
    model = torch.nn.Linear(1, 1)
    model.weight.data.fill_(0.0)
    model.bias.requires_grad_(False)
    average = Average(model, 0.75)
    frozen = average.state["bias"].clone()
    model.weight.data.fill_(1.0)
    model.bias.data += 1
    average.update(model, 0)  # young: 1 / 10 is kept
    assert average.state["weight"].item() == pytest.approx(0.9)
    average.state["weight"].fill_(0.0)
    average.update(model, 1000)
    assert average.state["weight"].item() == pytest.approx(0.25)
    assert torch.equal(average.state["bias"], frozen)
