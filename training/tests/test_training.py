"""Training itself, from `prepare` to the exported checkpoint, on tiny models."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import MOONSHINE
from synthetic import CONFIG, HEADS, PLAIN_SETTINGS, SETTINGS, lessons, write_data

from parrotlet_training import prepare
from parrotlet_training.__main__ import main
from parrotlet_training.checkpoint import Checkpoint
from parrotlet_training.data.batches import BatchMaker, plan_epoch
from parrotlet_training.data.lessons import read_lessons
from parrotlet_training.errors import TrainingError
from parrotlet_training.log import read_log
from parrotlet_training.losses import (
    block_distance,
    divergence,
    feature_distance,
    relative_distance,
)
from parrotlet_training.model.architecture import WHOLE
from parrotlet_training.model.block_outputs import BlockOutputs, block_outputs
from parrotlet_training.model.ctc_head import LABELS, ctc_loss
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.model.warm_start import warm_start
from parrotlet_training.optimizer import make_optimizer, share_of_peak
from parrotlet_training.settings import LossSettings, TrainSettings
from parrotlet_training.train import Trainer, draw_chunk

CPU = torch.device("cpu")


def trainer(folder: Path, settings=SETTINGS, source: Path = MOONSHINE) -> Trainer:
    rows, audio = lessons(folder.parent / "made")
    folder.mkdir(exist_ok=True)
    made = Trainer(folder, MOONSHINE, settings, rows, audio, CPU)
    if source:
        made.begin(source)
    return made


def test_twenty_steps_lower_every_loss(tmp_path):
    run = trainer(tmp_path / "run", PLAIN_SETTINGS)
    run.train([])
    rows = [row["loss"] for row in read_log(run.folder / "log.jsonl") if row["event"] == "step"]
    first, rest = rows[0], rows[1]  # the first step, and the mean of those after it
    assert run.step == 20 and rest["total"] < 0.8 * first["total"]
    assert all(rest[name] < first[name] for name in ("features", "tokens", "ctc"))
    assert (run.folder / "curves.png").stat().st_size > 5000


@pytest.mark.parametrize("name", ["features", "distill", "tokens", "ctc", "blocks"])
def test_each_loss_alone_falls(name, tmp_path):
    weights = LossSettings(**{**dict(features=0, distill=0, tokens=0, ctc=0), name: 1.0})
    run = trainer(tmp_path / "run", replace(PLAIN_SETTINGS, loss=weights))
    plan = plan_epoch(run.lessons, run.settings, 0)
    batch = BatchMaker(run.lessons, run.audio, run.settings, run.model.arch, plan)[0]
    found = [run.take_step(batch) for _ in range(12)]
    assert all(row["total"] == row[name] for row in found)
    assert min(row[name] for row in found[8:]) < 0.8 * found[0][name]


def test_a_resumed_run_ends_with_the_very_same_weights(tmp_path):
    whole = trainer(tmp_path / "whole")
    whole.train([])
    broken = trainer(tmp_path / "broken")
    while broken.step < 7:
        broken.next_step()
    broken.save()
    resumed = trainer(tmp_path / "broken", source=None)
    resumed.resume()
    assert (resumed.step, resumed.epoch, resumed.batch) == (7, broken.epoch, broken.batch)
    resumed.train([])
    weights, again = whole.model.state_dict(), resumed.model.state_dict()
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    weights, again = whole.average.state, resumed.average.state
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert whole.hours == resumed.hours and whole.epoch > 0


def test_a_resumed_run_goes_on_at_the_rates_of_its_configuration(tmp_path):
    run = trainer(tmp_path / "run")
    run.next_step()
    run.save()
    faster = replace(SETTINGS.train, encoder_rate=2 * SETTINGS.train.encoder_rate)
    resumed = trainer(tmp_path / "run", replace(SETTINGS, train=faster), source=None)
    resumed.resume()
    peaks = {group["part"]: group["peak"] for group in resumed.optimizer.param_groups}
    assert peaks["encoder"] == faster.encoder_rate
    assert peaks["decoder"] == SETTINGS.train.decoder_rate


@pytest.mark.parametrize("span", ["chunk", "frames"])
def test_variants_train(span, tmp_path):
    """Look-ahead per frame, fewer decoder layers, no CTC, a learning token table, two workers."""
    model = replace(SETTINGS.model, span=span, decoder_layers=(1,), ctc=False)
    model = replace(model, lookahead=(2, 1)) if span == "frames" else model
    data, train = (
        replace(SETTINGS.data, workers=2),
        replace(SETTINGS.train, steps=2, table_rate=1e-3),
    )
    run = trainer(tmp_path / "run", replace(SETTINGS, model=model, data=data, train=train))
    before = run.model.decoder.embedding.weight.clone()
    run.train([])
    assert len(run.model.decoder.layers) == 1 and run.model.ctc is None
    assert not torch.equal(before, run.model.decoder.embedding.weight)
    assert "ctc" not in read_log(run.folder / "log.jsonl")[0]["loss"]


def test_half_rate_trains_towards_the_mean_of_the_teachers_frames(tmp_path):
    model = replace(SETTINGS.model, half_rate_from=1)
    weights = LossSettings(features=1.0, distill=0, tokens=0, ctc=0)
    run = trainer(tmp_path / "run", replace(PLAIN_SETTINGS, model=model, loss=weights))
    plan = plan_epoch(run.lessons, run.settings, 0)
    batch = BatchMaker(run.lessons, run.audio, run.settings, run.model.arch, plan)[0]
    found = [run.take_step(batch)["features"] for _ in range(12)]
    assert min(found[8:]) < 0.8 * found[0]
    saved = run.folder / "checkpoint.pt"
    run.save()
    again = Checkpoint.load(saved).averaged_model()
    assert again.arch.half_rate_from == 1


def test_without_steps_the_checkpoint_is_the_start(tmp_path):
    run = trainer(tmp_path / "run", replace(SETTINGS, train=replace(SETTINGS.train, steps=0)))
    run.train([])
    saved, expected = Checkpoint.load(run.checkpoint_path), StreamingModel(run.model.arch)
    warm_start(expected, MOONSHINE)
    name = "encoder.layers.0.ff.inner.weight"
    assert saved.step == 0 and torch.equal(saved.average[name], expected.state_dict()[name])


def test_runs_are_not_overwritten_nor_resumed_as_something_else(tmp_path):
    run = trainer(tmp_path / "run")
    run.save()
    with pytest.raises(TrainingError, match="add --resume"):
        run.begin(MOONSHINE)
    other = replace(SETTINGS, model=replace(SETTINGS.model, conv_kernel=7))
    with pytest.raises(TrainingError, match="of another architecture"):
        trainer(tmp_path / "run", other, source=None).resume()
    run.checkpoint_path.write_bytes(b"half")
    with pytest.raises(TrainingError, match="cannot be read as a checkpoint"):
        Checkpoint.load(run.checkpoint_path)


def test_steps_without_finite_gradient_are_left_out_for_a_while(tmp_path):
    run = trainer(tmp_path / "run")
    run.model.ctc.proj.weight.data.fill_(torch.nan)
    before = run.model.encoder.layers[0].ff.inner.weight.clone()
    run.next_step()
    assert run.step == 1 and torch.equal(before, run.model.encoder.layers[0].ff.inner.weight)
    with pytest.raises(TrainingError, match="has not been finite for 11 steps"):
        for _ in range(10):
            run.next_step()


def test_chunks_are_drawn_by_weight_and_step(tmp_path):
    run = trainer(tmp_path / "run")
    drawn = [draw_chunk(run.model, SETTINGS, step) for step in range(300)]
    assert set(drawn) == {3, 8, WHOLE}
    assert all(80 <= drawn.count(chunk) <= 120 for chunk in set(drawn))
    assert drawn[50] == draw_chunk(run.model, SETTINGS, 50)


def test_rates_warm_up_and_fall():
    settings = TrainSettings(steps=100, warm_up=10, last_rate=0.1)
    shares = [share_of_peak(step, settings) for step in range(101)]
    assert shares[0] == pytest.approx(0.1) and shares[9] == shares[10] == pytest.approx(1)
    assert shares[100] == pytest.approx(0.1) and sorted(shares[10:], reverse=True) == shares[10:]


def test_groups_hold_each_parameter_once(tiny_architecture):
    model = StreamingModel(SETTINGS.model.architecture(tiny_architecture))
    optimizer = make_optimizer(model, TrainSettings())
    grouped = [p for group in optimizer.param_groups for p in group["params"]]
    assert len(grouped) == len(set(grouped)) == len(list(model.parameters())) - 1
    assert not model.decoder.embedding.weight.requires_grad
    parts = {id(p): group["part"] for group in optimizer.param_groups for p in group["params"]}
    assert parts[id(model.encoder.layers[0].conv.out.weight)] == "added"
    assert parts[id(model.frontend.conv[0].weight)] == "front end"


def test_norms_and_biases_alone(tiny_architecture):
    model = StreamingModel(SETTINGS.model.architecture(tiny_architecture))
    optimizer = make_optimizer(model, TrainSettings(matrices=False))
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    assert trained and all(p.dim() == 1 for p in trained)
    assert not model.encoder.layers[0].ff.inner.weight.requires_grad
    assert model.encoder.layers[0].ff.inner.bias.requires_grad


def test_ctc_by_hand():
    frames = torch.zeros(1, 3, LABELS)  # all labels are equally likely
    three = torch.tensor([3])
    # " a" in three frames: 5 ways, with one blank anywhere or one letter twice.
    expected = (3 * math.log(LABELS) - math.log(5)) / 3
    assert ctc_loss(frames, three, [[1, 2]]).item() == pytest.approx(expected, rel=1e-5)
    assert ctc_loss(frames, three, [[]]).item() == pytest.approx(math.log(LABELS), rel=1e-5)
    assert ctc_loss(frames, three, [[1, 2, 3, 4]]).item() == 0


def test_losses_by_hand():
    logits, teacher = torch.tensor([[[0.0, 1.0]]]), torch.tensor([[[2.0, 0.0]]])
    p, q = teacher.softmax(-1), logits.softmax(-1)
    expected = (p * (p / q).log()).sum()
    where = torch.tensor([[True]])
    torch.testing.assert_close(divergence(logits, teacher, where, 1.0), expected)
    assert divergence(logits, teacher, ~where, 1.0) == 0
    memory = torch.tensor([[[1.0, 3.0], [9.0, 9.0]]])
    where = torch.tensor([[True, False]])
    assert feature_distance(memory, torch.zeros_like(memory), where) == 5
    # Of the frames that count the mean is (2, 0), and their squared distances from it are 1 and 1.
    target = torch.tensor([[[1.0, 0.0], [3.0, 0.0], [9.0, 9.0]]])
    where = torch.tensor([[True, True, False]])
    assert relative_distance(target + 2, target, where) == (4 + 4 + 4 + 4) / 2
    # One vector does not vary: a tenth of its square stands for that.
    one = torch.tensor([[True, False, False]])
    torch.testing.assert_close(relative_distance(target + 2, target, one), torch.tensor(80.0))
    assert relative_distance(target + 2, target, one & False) == 0


def test_blocks_of_two_models_are_compared_one_by_one(tiny_architecture, waveform):
    arch = SETTINGS.model.architecture(tiny_architecture)
    model, lengths = StreamingModel(arch).eval(), torch.tensor([waveform.shape[1]])
    tokens = torch.tensor([[arch.start_token, 5]])
    with torch.no_grad(), block_outputs(model) as found:
        memory, counts = model.encode(waveform, lengths, 8)
        model.decoder(tokens, memory, counts)
    assert [len(found.encoder), len(found.decoder)] == [arch.layers, arch.decoder_layers]
    assert torch.equal(model.encoder.norm(found.encoder[-1]), memory)
    model.encode(waveform, lengths, 8)
    assert len(found.encoder) == arch.layers, "nothing is collected afterwards"
    where = [torch.ones(output.shape[:2], dtype=bool) for output in (memory, tokens[..., None])]
    assert block_distance(found, found, *where) == 0
    other = BlockOutputs(found.encoder, [found.decoder[0] + 1, *found.decoder[1:]])
    share = relative_distance(other.decoder[0], found.decoder[0], where[1])
    count = arch.layers + arch.decoder_layers
    torch.testing.assert_close(block_distance(other, found, *where), share / count)
    with pytest.raises(TrainingError, match="loss.blocks needs a teacher with the student's"):
        block_distance(BlockOutputs(found.encoder[1:], found.decoder), found, *where)


def test_all_four_commands(tmp_path, capsys):
    """prepare, train, resume, evaluate, export, as a user types them."""
    data, config, work = write_data(tmp_path / "data"), tmp_path / "tiny.toml", tmp_path / "work"
    config.write_text(CONFIG)
    common = [
        "--config",
        str(config),
        "--data",
        str(data),
        "--base",
        str(MOONSHINE),
        "--work",
        str(work),
    ]
    common += ["--device", "cpu"]
    assert main(["prepare", *common]) == 0
    rows = read_lessons(work, 6.0)
    assert [row.path for row in rows] == ["set-0/0.flac", "set-1/3.flac"]
    assert all(0 <= w.start <= w.end <= row.seconds for row in rows for w in row.words)
    assert all(len(row.words) == 5 for row in rows)
    assert main(["train", *common]) == 0
    config.write_text(CONFIG.replace("steps = 3", "steps = 5"))
    assert main(["train", *common]) == 1  # the run is there
    assert "add --resume" in capsys.readouterr().err
    assert main(["train", *common, "--resume"]) == 0
    run = work / "runs" / "tiny"
    assert Checkpoint.load(run / "checkpoint.pt").step == 5
    events = [row["event"] for row in read_log(run / "log.jsonl")]
    assert events == ["step", "evaluate", "evaluate"]
    figures = tmp_path / "figures.json"
    model = ["--model", str(run / "checkpoint.pt")]
    assert main(["evaluate", *common, *model, "--chunks", "13,whole", "--out", str(figures)]) == 0
    scores = json.loads(figures.read_text())
    assert set(scores) == {"312 ms", "whole"}
    assert set(scores["whole"]) == {"set-0", "set-1", "all"}
    assert scores["whole"]["all"]["words"] == 10
    out = tmp_path / "out"
    assert main(["export", *common, *model, "--out", str(out), "--name", "tiny"]) == 0
    exported = ["--model", str(out / "tiny.safetensors"), "--chunks", "13,whole"]
    assert main(["evaluate", *common, *exported, "--out", str(figures)]) == 0
    assert json.loads(figures.read_text()) == scores


def test_prepare_goes_on_where_it_was_and_keeps_teachers_apart(tmp_path, monkeypatch):
    data, work = write_data(tmp_path / "data"), tmp_path / "work"
    config = tmp_path / "tiny.toml"
    config.write_text(CONFIG)
    common = [
        "--config",
        str(config),
        "--data",
        str(data),
        "--base",
        str(MOONSHINE),
        "--work",
        str(work),
    ]
    assert main(["prepare", *common]) == 0
    expected = (work / "lessons.jsonl").read_text()
    partial = work / "lessons.jsonl.partial"
    partial.write_text(partial.read_text()[:-20])  # killed while it wrote the last line
    (work / "lessons.jsonl").unlink()
    asked = []
    make = prepare.LessonMaker.make
    monkeypatch.setattr(
        prepare.LessonMaker,
        "make",
        lambda self, batch, audio: asked.extend(batch) or make(self, batch, audio),
    )
    assert main(["prepare", *common]) == 0
    assert len(asked) == 1 and (work / "lessons.jsonl").read_text() == expected
    config.write_text(CONFIG.replace(str([list(h) for h in HEADS]), "[]"))
    assert main(["prepare", *common]) == 1


def test_it_is_a_program():
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "parrotlet_training", "evaluate", "--config", "none.toml"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("evaluate: --data is missing")
    assert "Traceback" not in done.stderr
