"""`compare`: variants are trained alike, once, and told apart on a page."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import MOONSHINE
from synthetic import CONFIG, write_data

from parrotlet_training import compare, evaluate
from parrotlet_training.__main__ import main
from parrotlet_training.checkpoint import Checkpoint
from parrotlet_training.compare import multiplications
from parrotlet_training.errors import TrainingError
from parrotlet_training.log import read_log
from parrotlet_training.model.layers import matrices
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.settings import ModelSettings, read_settings
from parrotlet_training.study import read_study
from parrotlet_training.study_page import nearest, verdict

ROOT = Path(__file__).resolve().parents[1]
STUDY = """
title = "A tiny study"
about = "Which is better?"
utterances = 2
chunks = [27, 13]
settings.model = { conv_kernel = 5, ctc = false }
settings.data = { longest_seconds = 6, batch_seconds = 9, alignment_heads = [[0, 1], [1, 2]] }
settings.train = { steps = 2, bf16 = false, evaluate_utterances = 0 }
[[variants]]
name = "chunks"
what = "chunks"
[[variants]]
name = "frames"
what = "frames"
settings.model = { span = "frames", lookahead = [6, 7] }
[[variants]]
name = "rounded"
what = "in 2 bits"
settings.quantize = { other_bits = 2 }
"""


@pytest.fixture
def common(tmp_path, monkeypatch) -> list[str]:
    """The options of `compare` for prepared recordings and the study above."""
    monkeypatch.chdir(ROOT)  # the children find the package there
    data, config = write_data(tmp_path / "data"), tmp_path / "tiny.toml"
    config.write_text(CONFIG)
    (tmp_path / "tiny-study.toml").write_text(STUDY)
    shared = ["--data", str(data), "--base", str(MOONSHINE), "--work", str(tmp_path / "work")]
    shared += ["--device", "cpu", "--threads", "1"]
    assert main(["prepare", "--config", str(config), *shared]) == 0
    figures = ["--results", str(tmp_path / "results.json"), "--page", str(tmp_path / "page.md")]
    return [str(tmp_path / "tiny-study.toml"), *shared, *figures]


def test_a_study_is_trained_once_and_written_down(common, tmp_path, capsys, monkeypatch):
    rounded = []

    def count_all(model, *rest):
        rounded.append(any(layer.rounding for layer in matrices(model).values()))
        return evaluate.count_all(model, *rest)

    monkeypatch.setattr(compare, "count_all", count_all)
    runs, results = tmp_path / "work" / "runs", tmp_path / "results.json"
    broken_off = runs / "tiny-study-chunks.toml"
    broken_off.parent.mkdir()
    broken_off.write_text(read_study(tmp_path / "tiny-study.toml").variants[0].configuration)
    shared = common[1:9]
    train = ["train", "--config", str(broken_off), *shared, "--threads", "1", "--minutes", "0"]
    assert main(train) == 0
    assert Checkpoint.load(runs / "tiny-study-chunks" / "checkpoint.pt").step == 0
    assert main(["compare", *common]) == 0
    study = json.loads(results.read_text())["tiny-study"]
    assert rounded == [False, False, False, True, True], "scored as it would ship"
    chunks, frames, _ = study["variants"].values()
    assert chunks["steps"] == frames["steps"] == 2 and chunks["hours"] == frames["hours"] > 0
    assert [found.get("chunk") for found in chunks["scores"]] == [27, 13]
    assert [found["worst_delay_ms"] for found in chunks["scores"]] == [624, 288]
    (found,) = frames["scores"]
    assert found["worst_delay_ms"] == found["mean_delay_ms"] == 312
    assert found["words"] == [5, 5] and study["utterances"] == 2
    assert read_log(runs / "tiny-study-frames" / "log.jsonl")[0]["step"] == 1
    page = (tmp_path / "page.md").read_text()
    assert "## A tiny study\nWhich is better?\nAll start from Moonshine tiny, the base, and" in page
    assert page.count("| frames | frames, 6+7 ahead | 312 ms | 312 ms |") == 1
    assert "2 utterances of dev (set-0, set-1, 0 minutes)" in page
    assert "2 frames" not in page and (tmp_path / "results.svg").stat().st_size > 3000

    for name in ("tiny-study-chunks", "tiny-study-frames", "tiny-study-rounded"):
        (runs / name / "checkpoint.pt").unlink()
    before = results.read_text()
    assert main(["compare", *common]) == 0  # trains nothing
    assert results.read_text() == before and not list(runs.glob("*/checkpoint.pt"))
    (tmp_path / "tiny-study.toml").write_text(STUDY.replace("steps = 2", "steps = 3"))
    assert main(["compare", *common]) == 1
    assert "has chunks of tiny-study with other settings: remove it" in capsys.readouterr().err
    assert main(["compare", *common[-4:]]) == 0  # the page alone
    assert (tmp_path / "page.md").read_text() == page


def test_runs_of_other_settings_are_not_resumed(common, tmp_path, capsys):
    assert main(["compare", *common]) == 0
    (tmp_path / "results.json").unlink()
    (tmp_path / "tiny-study.toml").write_text(STUDY.replace("steps = 2", "steps = 3"))
    assert main(["compare", *common]) == 1
    assert "tiny-study-chunks was trained with other settings: remove" in capsys.readouterr().err


def test_the_start_must_be_the_one_that_is_named(common, tmp_path, capsys):
    assert main(["compare", *common, "--start", "model.safetensors"]) == 1
    assert "tiny-study starts from base: leave out --start" in capsys.readouterr().err
    (tmp_path / "tiny-study.toml").write_text('start = "a checkpoint"\n' + STUDY)
    assert main(["compare", *common]) == 1
    assert "starts from a checkpoint: name it with --start" in capsys.readouterr().err


def test_a_failed_training_is_told(common, tmp_path, capsys):
    (tmp_path / "tiny-study.toml").write_text(STUDY.replace("[6, 7]", "[6, 7, 8]"))
    assert main(["compare", *common]) == 1
    assert "training tiny-study-frames ended with 1; see above" in capsys.readouterr().err
    assert list(json.loads((tmp_path / "results.json").read_text())["tiny-study"]["variants"]) == [
        "chunks"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STUDY.replace('name = "frames"', 'name = "chunks"'), "each with a name of its own"),
        (STUDY.partition("[[variants]]")[0], "two or more"),
        (STUDY.replace("lookahead", "look"), r"no setting variants\[1\].settings.model.look"),
        (STUDY.replace("utterances = 2\nchunks", "utterances = 'all'\nchunks"), "utterances must"),
        ("title", "is not TOML"),
    ],
)
def test_errors_talk(text, message, tmp_path):
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(TrainingError, match=message):
        read_study(tmp_path / "study.toml")


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.toml")), ids=lambda p: p.stem)
def test_shipped_studies(path, tmp_path):
    study = read_study(path)
    assert study.title and study.about and all(v.what for v in study.variants)
    config = tmp_path / "config.toml"
    alike = lambda train: replace(train, scale_rate=0.0, code_rate=0.0)
    for variant in study.variants:
        config.write_text(variant.configuration)
        assert alike(read_settings(config).train) == alike(study.variants[0].settings.train)
        assert read_settings(config).model == variant.settings.model


def test_verdicts():
    some = {"errors": [4, 5, 6, 5] * 5, "words": [10] * 20, "worst_delay_ms": 300}
    many = {"errors": [7, 9, 8, 9] * 5, "words": [10] * 20, "worst_delay_ms": 610}
    assert verdict(some, some) == ""
    assert verdict(many, some).startswith("+32.5 (") and verdict(many, some).endswith(": worse")
    assert verdict(some, many).endswith(": better")
    assert verdict({**some, "errors": [5, 4, 6, 5] * 5}, some).startswith("+0.0 (")
    assert nearest({"worst_delay_ms": 500}, [some, many], "worst_delay_ms") is many


def test_multiplications_by_hand(tiny_architecture):
    dim, wide, layers = tiny_architecture.dim, tiny_architecture.feed_forward, 2
    block = 4 * dim * dim + 2 * dim * wide  # attention, feed-forward
    memory = 2 * 2 * dim * dim  # keys and values of both decoder layers
    arch = ModelSettings(conv_kernel=0, ctc=True).architecture(tiny_architecture)
    whole = multiplications(StreamingModel(arch))
    assert whole["encoder_per_second"] == round((layers * block + memory) / 0.024 / 1e6, 2)
    per_token = layers * (6 * dim * dim + 3 * dim * wide) + tiny_architecture.vocabulary * dim
    assert whole["decoder_per_token"] == round(per_token / 1e6, 2)
    arch = ModelSettings(conv_kernel=0, half_rate_from=1).architecture(tiny_architecture)
    half = multiplications(StreamingModel(arch))
    assert half["encoder_per_second"] == round((1.5 * block + memory / 2) / 0.024 / 1e6, 2)
    assert half["decoder_per_token"] == whole["decoder_per_token"]
