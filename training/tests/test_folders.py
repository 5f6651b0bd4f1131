"""Several --data folders: the first has dev and test, all have recordings to train on."""

import json

import numpy as np
import pytest
import soundfile
from conftest import MOONSHINE
from synthetic import CONFIG, RATE, tone, write_data

from parrotlet_training import train
from parrotlet_training.__main__ import main
from parrotlet_training.data.audio_cache import AudioCache
from parrotlet_training.data.lessons import lessons_of, read_lessons


def write_more(folder):
    """Recordings to train on, by name like those of write_data, but other ones."""
    write_data(folder)
    for number in (0, 3):
        path = folder / f"set-{number // 3}" / f"{number}.flac"
        soundfile.write(path, tone(2.0, 50 + number), RATE)
    lines = (folder / "manifest.tsv").read_text().splitlines()
    rows = [line for line in lines if line.startswith(("split", "train"))]
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def run(tmp_path):
    """Runs a command on the folders of these names."""
    (tmp_path / "tiny.toml").write_text(CONFIG)
    write_data(tmp_path / "home")
    for name in ("more", "others"):
        write_more(tmp_path / name)

    def command(name, *folders, options=()):
        words = [name, "--config", tmp_path / "tiny.toml", "--base", MOONSHINE]
        words += ["--work", tmp_path / "work", "--device", "cpu", *options]
        words += [word for folder in folders for word in ("--data", tmp_path / folder)]
        return main([str(word) for word in words])

    return command


def key(path):
    return path.resolve().as_posix()


def test_every_folder_is_heard_and_names_do_not_meet(run, tmp_path):
    assert run("prepare", "home", "more", "others") == 0
    own = ["set-0/0.flac", "set-1/3.flac"]
    paths = own + [key(tmp_path / folder / p) for folder in ("more", "others") for p in own]
    assert [lesson.path for lesson in read_lessons(tmp_path / "work", 6)] == paths
    audio = AudioCache(tmp_path / "work")
    assert len(audio.read(own[0])) == RATE
    for folder in ("home", "more", "others"):
        path = own[0] if folder == "home" else key(tmp_path / folder / own[0])
        expected, _ = soundfile.read(tmp_path / folder / own[0], dtype="float32")
        np.testing.assert_allclose(audio.read(path), expected, atol=1e-4)
    assert set(json.loads((tmp_path / "work" / "audio.json").read_text())) == {
        *paths, *(f"set-{i // 3}/{i}.flac" for i in (1, 2, 4, 5))
    }  # fmt: skip


@pytest.mark.parametrize(
    ("folders", "count"),
    [(("home",), 2), (("home", "others"), 4), (("home", "more", "others"), 6)],
)
def test_training_hears_the_folders_it_is_given(folders, count, run, monkeypatch):
    assert run("prepare", "home", "more", "others") == 0
    heard = {}

    class Trainer(train.Trainer):
        def train(self, dev, minutes=None):
            heard["train"] = [lesson.path for lesson in self.lessons]
            heard["dev"] = [u.path for u in dev]
            super().train(dev, minutes)

    monkeypatch.setattr(train, "Trainer", Trainer)
    assert run("train", *folders) == 0
    assert len(set(heard["train"])) == count
    assert heard["dev"] == ["set-0/1.flac", "set-1/4.flac"]


def test_the_first_folder_may_be_heard_more_often(run, tmp_path):
    assert run("prepare", "home", "more") == 0
    folders = [tmp_path / "home", tmp_path / "more"]
    heard = lessons_of(folders, read_lessons(tmp_path / "work", 6), first_times=3)
    own = ["set-0/0.flac", "set-1/3.flac"]
    assert [lesson.path for lesson in heard] == [
        *(path for path in own for _ in range(3)),
        *(key(tmp_path / "more" / path) for path in own),
    ]


def test_a_folder_given_later_is_prepared_then(run, tmp_path, capsys):
    assert run("prepare", "home") == 0
    first = (tmp_path / "work" / "audio.i16").read_bytes()
    assert run("train", "home", "more") == 1
    assert "more has no lessons: run `prepare` with the same --data" in capsys.readouterr().err
    assert run("prepare", "home", "more") == 0
    assert (tmp_path / "work" / "audio.i16").read_bytes().startswith(first)
    assert len(read_lessons(tmp_path / "work", 6)) == 4


def test_results_are_named_after_folders_in_every_data_folder(run, tmp_path):
    assert run("prepare", "home", "more") == 0
    out = tmp_path / "figures.json"
    words = {}
    for split in ("train", "dev"):
        assert run("evaluate", "home", "more", options=["--split", split, "--out", out]) == 0
        scores = json.loads(out.read_text())["whole"]
        words[split] = {name: score["words"] for name, score in scores.items()}
    assert words["train"] == {"set-0": 10, "set-1": 10, "all": 20}
    assert words["dev"] == {"set-0": 5, "set-1": 5, "all": 10}


def test_mistakes_are_told(run, tmp_path, capsys):
    assert run("prepare", "home", "more/../home") == 1
    assert "--data names a folder twice" in capsys.readouterr().err
    assert run("prepare", "more", "home") == 1
    assert "has no utterances of split 'dev'" in capsys.readouterr().err
    assert run("prepare", "home", "nowhere") == 1
    assert "manifest.tsv is missing" in capsys.readouterr().err
