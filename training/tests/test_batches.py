"""Recordings to batches: decoded once, each used once, the same wherever one begins."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from synthetic import PLAIN_SETTINGS, SETTINGS, clip, lessons, tone, write_data

from parrotlet_training.data.audio_cache import AudioCache, build_audio_cache, read_recording
from parrotlet_training.data.batches import IGNORED, BatchMaker, collate, load_batches, plan_epoch
from parrotlet_training.data.clip import Clip, cut_end
from parrotlet_training.data.lessons import Lesson, read_lessons
from parrotlet_training.data.manifest import read_manifest
from parrotlet_training.errors import TrainingError
from parrotlet_training.model.front_end import frame_count


def test_manifest(tmp_path):
    write_data(tmp_path)
    assert [u.path for u in read_manifest(tmp_path, "train")] == ["set-0/0.flac", "set-1/3.flac"]
    assert read_manifest(tmp_path, "dev")[1].subset == "set-1"
    with pytest.raises(TrainingError, match="no utterances of split 'tran'; it has"):
        read_manifest(tmp_path, "tran")
    with pytest.raises(TrainingError, match="manifest.tsv is missing"):
        read_manifest(tmp_path / "set-0")
    (tmp_path / "manifest.tsv").write_text("path\ttext\na\tb\n")
    with pytest.raises(TrainingError, match="lacks the columns"):
        read_manifest(tmp_path)


def test_audio_cache_decodes_once_and_goes_on(tmp_path):
    rows = read_manifest(write_data(tmp_path / "data"))
    build_audio_cache(tmp_path / "data", rows[:2], tmp_path / "work")
    with open(tmp_path / "work" / "audio.i16", "ab") as file:
        file.write(b"half a recording")  # of a decoder that was broken off
    (tmp_path / "data" / rows[0].path).unlink()  # needed no more
    cache = build_audio_cache(tmp_path / "data", rows, tmp_path / "work")
    for i, row in enumerate(rows):
        assert np.abs(cache.read(row.path) - tone(row.seconds, i)).max() < 2e-4
    with pytest.raises(TrainingError, match="run `prepare` again"):
        cache.read("set-0/other.flac")
    with pytest.raises(TrainingError, match="run `prepare` first"):
        AudioCache(tmp_path)


def test_recordings_must_be_16_khz_mono(tmp_path):
    soundfile.write(tmp_path / "wide.wav", np.zeros((100, 2)), 48000)
    with pytest.raises(TrainingError, match="48000 Hz and 2 channel axes"):
        read_recording(tmp_path / "wide.wav")
    with pytest.raises(TrainingError, match="Cannot read"):
        read_recording(tmp_path / "none.wav")


def test_lessons_survive_their_file(tmp_path):
    nan = float("nan")
    untimed = tuple(replace(w, start=nan, end=nan) for w in clip().words)
    rows = [Lesson("a", 2.0, "teacher", clip().words), Lesson("b", 9.0, "plain", untimed)]
    (tmp_path / "lessons.jsonl").write_text("".join(row.to_json() + "\n" for row in rows))
    assert read_lessons(tmp_path, 5.0) == rows[:1]
    assert str(read_lessons(tmp_path, 10.0)) == str(rows)  # as text, since NaN is not itself
    with pytest.raises(TrainingError, match="no utterance of at most 1 s"):
        read_lessons(tmp_path, 1.0)


def test_a_plan_uses_every_lesson_once():
    rows = [Lesson(str(i), 0.5 + i % 7 / 3, "teacher", clip().words) for i in range(100)]
    plans = [plan_epoch(rows, SETTINGS, epoch) for epoch in (0, 0, 1)]
    assert plans[0] == plans[1] != plans[2]
    for plan in plans:
        used = sorted(i for batch in plan for example in batch for i in example.lessons)
        assert used == list(range(100))
        assert any(len(example.lessons) > 1 for batch in plan for example in batch)
        for batch in plan:
            lengths = [sum(rows[i].seconds for i in example.lessons) for example in batch]
            assert max(lengths) <= SETTINGS.data.longest_seconds
            assert max(lengths) * len(batch) <= SETTINGS.data.batch_seconds


def test_batches_are_the_same_wherever_one_begins(tmp_path, tiny_architecture):
    rows, audio = lessons(tmp_path)
    plan = plan_epoch(rows, SETTINGS, 3)
    maker = BatchMaker(rows, audio, SETTINGS, tiny_architecture, plan)
    whole, late = list(load_batches(maker, 0, 0)), list(load_batches(maker, 1, 1))
    assert len(whole) == len(plan) == len(late) + 1
    for a, b in zip(whole[1:], late):
        assert torch.equal(a.heard, b.heard) and torch.equal(a.tokens, b.tokens)
        assert torch.equal(a.keep_frames, b.keep_frames) and a.letters == b.letters


def test_batches_hold_audio_and_labels(tmp_path, tiny_architecture):
    rows, audio = lessons(tmp_path)
    plan = plan_epoch(rows, PLAIN_SETTINGS, 0)
    maker = BatchMaker(rows, audio, PLAIN_SETTINGS, tiny_architecture, plan)
    for examples, batch in zip(plan, maker):
        assert torch.equal(batch.clean, batch.heard) and batch.keep_frames.all()
        assert batch.keep_frames.shape[1] == frame_count(batch.clean.shape[1])
        for i, example in enumerate(examples):
            recording = torch.from_numpy(audio.read(rows[example.lessons[0]].path))
            assert torch.equal(batch.clean[i, : batch.lengths[i]], recording)
            assert not batch.clean[i, batch.lengths[i] :].any()
            said = batch.labels[i][batch.labels[i] != IGNORED].tolist()
            assert said == [10, 20, 11, 21, 12, 22, tiny_architecture.end_token]
            assert batch.tokens[i, 0] == tiny_architecture.start_token
            assert batch.tokens[i, 1 : len(said)].tolist() == said[:-1]


def test_where_the_teacher_is_trusted(tiny_architecture):
    kept = np.ones(82, np.float32), np.ones(32, np.float32)
    silence = Clip(np.zeros(32000, np.float32), ())
    clips = [clip(), cut_end(clip(), 3, 0.5), silence]
    batch = collate([(c, c.samples, *kept) for c in clips], tiny_architecture)
    one, no = [True, True], [False, False]
    assert batch.trusted[0].tolist() == [
        *one,
        *no,
        *one,
        *one,
        True,
    ]  # not where it heard otherwise
    assert batch.trusted[1].tolist() == [*one, *no, *one, False, *no]  # nor how half a word ends
    assert not batch.trusted[2].any()
    assert batch.speech.tolist() == [True, True, False]
    assert batch.labels[2, 0] == tiny_architecture.end_token
    assert json.dumps(batch.letters[2]) == "[]"
