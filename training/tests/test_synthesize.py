"""`synthesize` with engines that hum: what is planned, written, kept, left out and refused."""

import gzip
import re
from itertools import islice

import numpy as np
import pytest
import soundfile

from parrotlet_training import synthesize
from parrotlet_training.__main__ import main
from parrotlet_training.data.manifest import read_manifest
from parrotlet_training.data.sound import level
from parrotlet_training.data.spoken import Line, plan_lines
from parrotlet_training.data.texts import read_texts
from parrotlet_training.errors import TrainingError
from parrotlet_training.voices.choose import Voice, draw_voice, find_voices
from parrotlet_training.voices.engine import VoiceError

RATE = 22050
WORDS = "THE OLD HEN SANG AT TEN AND I DIDN'T MIND HER SONG AT ALL".split()


class Hum:
    """Hums at 200 or 300 Hz, a second for 14 letters."""

    install = "learn to hum"

    def __init__(self, name="hum", share=1, voices=("low", "high")):
        self.name, self.share, self._voices = name, share, list(voices)
        self.spoken: list[str] = []
        self.fails = lambda text: None  # what to raise instead of humming a text

    def voices(self):
        return self._voices

    def speak(self, text, voice, tempo):
        if error := self.fails(text):
            raise error
        self.spoken.append(text)
        time = np.arange(int(len(text) / 14 / tempo * RATE)) / RATE
        hertz = {"low": 200, "high": 300}[voice]
        return np.sin(2 * np.pi * hertz * time).astype(np.float32) / 2, RATE


@pytest.fixture
def hum(monkeypatch):
    engine = Hum()
    monkeypatch.setattr(synthesize, "ENGINES", (engine,))
    return engine


def write_texts(path, count=40):
    """Texts of 4 to 9 seconds, no two alike."""
    rows = []
    for i in range(count):
        words = [WORDS[(i + j) % len(WORDS)] for j in range(14 + i % 12)]
        rows.append(f"train\t{i}\t{' '.join(words)}")
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    return path


def run(folder, name="out", seconds=60, **options):
    texts = folder / "texts.tsv.gz"
    if not texts.exists():
        write_texts(texts)
    words = ["synthesize", "--texts", texts, "--hours", seconds / 3600, "--out", folder / name]
    for option, value in options.items():
        words += [f"--{option}", *(value if isinstance(value, list) else [value])]
    return main([str(word) for word in words])


def manifest(folder, name="out"):
    return (folder / name / "manifest.tsv").read_text(encoding="utf-8")


def test_recordings_and_their_manifest(hum, tmp_path):
    assert run(tmp_path) == 0
    rows = read_manifest(tmp_path / "out", "train")
    assert manifest(tmp_path).startswith("split\tpath\tspeaker\tseconds\ttext\n")
    assert 60 <= sum(row.seconds for row in rows) < 60 + rows[-1].seconds + 0.1
    texts = read_texts(tmp_path / "texts.tsv.gz", 2, 16)
    for row in rows:
        info = soundfile.info(tmp_path / "out" / row.path)
        assert (info.format, info.subtype) == ("FLAC", "PCM_16")
        assert (info.samplerate, info.channels) == (16000, 1)
        assert info.frames / 16000 == pytest.approx(row.seconds, abs=0.006)
        assert row.text in texts and row.subset in ("hum-low", "hum-high")
        assert re.fullmatch(re.escape(row.subset) + r"[+-][0-3]", row.speaker)
    files = [p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert sorted(map(str, files)) == sorted(["manifest.tsv", *(row.path for row in rows)])
    assert len({row.speaker for row in rows}) > 3 and len({row.text for row in rows}) == len(rows)


def test_the_seed_alone_decides(hum, tmp_path):
    for name, options in (("a", dict(jobs=1)), ("b", dict(jobs=5)), ("c", dict(seed=2))):
        assert run(tmp_path, name, **options) == 0
    a, b, c = (manifest(tmp_path, name) for name in "abc")
    assert a == b and a != c
    for row in read_manifest(tmp_path / "a"):
        files = [(tmp_path / name / row.path).read_bytes() for name in "ab"]
        assert files[0] == files[1]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_goes_on_where_it_was_broken_off(stop, hum, tmp_path):
    assert run(tmp_path, "whole") == 0
    expected = manifest(tmp_path, "whole")
    hum.spoken.clear()
    hum.fails = lambda text: stop() if len(hum.spoken) >= 4 else None
    if stop is SystemExit:
        with pytest.raises(SystemExit):
            run(tmp_path, jobs=1)
    else:
        assert run(tmp_path, jobs=1) == 130
    assert expected.startswith(manifest(tmp_path))
    assert len(read_manifest(tmp_path / "out")) == 4
    hum.fails, before = lambda text: None, set(hum.spoken)
    hum.spoken.clear()
    assert run(tmp_path, jobs=1) == 0 and manifest(tmp_path) == expected
    assert len(hum.spoken) > 4 and not before & set(hum.spoken)
    hum.spoken.clear()
    assert run(tmp_path, jobs=1) == 0 and manifest(tmp_path) == expected
    assert len(hum.spoken) <= 2  # what was begun ahead and not needed


def test_more_hours_and_other_seeds_add(hum, tmp_path):
    assert run(tmp_path, seconds=30) == 0
    first = manifest(tmp_path)
    assert run(tmp_path, seconds=90) == 0
    assert manifest(tmp_path).startswith(first) and len(manifest(tmp_path)) > 2 * len(first)
    longer = manifest(tmp_path)
    assert run(tmp_path, seconds=30) == 0 and manifest(tmp_path) == longer
    assert run(tmp_path, seconds=30, seed=2) == 0 and manifest(tmp_path).startswith(longer)
    assert len(manifest(tmp_path)) > len(longer)


def test_damaged_and_lost_recordings_are_made_again(hum, tmp_path):
    assert run(tmp_path) == 0
    expected, (first, second, *_) = manifest(tmp_path), read_manifest(tmp_path / "out")
    kept = (tmp_path / "out" / first.path).read_bytes()
    (tmp_path / "out" / first.path).write_bytes(b"fLaC")
    (tmp_path / "out" / second.path).unlink()
    assert run(tmp_path) == 0
    assert (tmp_path / "out" / first.path).read_bytes() == kept
    assert sorted(manifest(tmp_path).splitlines()) == sorted(expected.splitlines())


def test_half_a_recording_is_never_taken_for_one(hum, tmp_path, monkeypatch):
    write = soundfile.write

    def broken(file, samples, *rest, **options):
        write(file, samples[: len(samples) // 2], *rest, **options)
        raise OSError("No space left on device")

    monkeypatch.setattr(soundfile, "write", broken)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path)
    assert not list((tmp_path / "out").rglob("*.flac"))
    monkeypatch.setattr(soundfile, "write", write)
    assert run(tmp_path) == 0 and run(tmp_path, "whole") == 0
    assert manifest(tmp_path) == manifest(tmp_path, "whole")
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_what_cannot_be_spoken_is_left_out(hum, tmp_path, capsys):
    hum.fails = lambda text: VoiceError("sore throat") if text.startswith("Hen") else None
    assert run(tmp_path) == 0
    rows = read_manifest(tmp_path / "out")
    assert rows and not any(row.text.startswith("HEN") for row in rows)
    said = capsys.readouterr()
    assert "sore throat" in said.err + said.out and "0 left out" not in said.out


@pytest.mark.parametrize(
    ("seconds", "message"), [(0.0, "silence"), (1.0, "1.0 s, not 2 to 16"), (17.0, "17.0 s, not 2")]
)
def test_speech_of_no_use_is_left_out(seconds, message, tmp_path):
    line = next(plan_lines(["WORDS"], [Voice(Hum(), "low")], 1))
    shift = 2 ** (line.semitones / 12)
    time = np.arange(int(seconds * shift * RATE)) / RATE
    line.voice.engine.speak = lambda *_: (np.sin(900 * time), RATE)
    take = synthesize.Recordings(tmp_path)._take(line)
    assert take.samples is None and take.problem.startswith(message)


def test_an_engine_that_is_broken_ends_the_run(monkeypatch, tmp_path, capsys):
    good, bad = Hum("good", 9), Hum("bad")
    bad.fails = lambda text: VoiceError("no larynx")
    monkeypatch.setattr(synthesize, "ENGINES", (good, bad))
    assert run(tmp_path, seconds=3600) == 1
    error = capsys.readouterr().err
    assert "bad has failed 10 times in a row" in error and "no larynx" in error
    assert {row.subset for row in read_manifest(tmp_path / "out")} == {"good-low", "good-high"}
    assert run(tmp_path, voices=["good"]) == 0


def test_without_voices_it_says_how_to_get_some(monkeypatch, tmp_path, capsys):
    engines = tuple(engine for engine in synthesize.ENGINES)
    for engine in engines:
        monkeypatch.setattr(type(engine), "voices", lambda self: [])
    assert run(tmp_path) == 1
    error = capsys.readouterr().err
    assert all(f"{engine.name}: {engine.install}" in error for engine in engines)
    assert [engine.name for engine in engines] == ["rhvoice", "piper", "flite", "espeak-ng"]
    assert not (tmp_path / "out").exists()


def test_voices_are_chosen_by_name():
    engines = (Hum("a"), Hum("b", voices=["low", "high", *map(str, range(9))]), Hum("c", voices=[]))
    names = lambda *patterns: [v.name for v in find_voices(list(patterns), engines)]
    assert names("a") == ["a-low", "a-high"]
    assert names("b-l*", "a-high") == ["a-high", "b-low"]
    assert len(names()) == 13
    with pytest.raises(TrainingError) as error:
        names("a", "c")
    text = str(error.value)
    assert text.startswith("--voices c: no voice is called so") and "a-low, a-high" in text
    assert "and 5 others" in text and text.endswith("Not installed:\n  c: learn to hum")


def test_engines_are_drawn_by_share_not_by_number_of_voices():
    engines = (Hum("rare", 1, map(str, range(50))), Hum("frequent", 3))
    voices, rng = find_voices([], engines), np.random.default_rng(1)
    drawn = [draw_voice(rng, voices).name.split("-") for _ in range(2000)]
    assert sum(engine == "rare" for engine, _ in drawn) == pytest.approx(500, abs=60)
    assert len({voice for engine, voice in drawn if engine == "rare"}) == 50


def test_a_plan_goes_through_all_texts_before_it_repeats_any():
    texts = [str(i) for i in range(30)]
    lines = list(islice(plan_lines(texts, find_voices([], (Hum(),)), 1), 60))
    turns = [[line.text for line in lines[:30]], [line.text for line in lines[30:]]]
    assert sorted(turns[0]) == sorted(turns[1]) == sorted(texts) and turns[0] != turns[1]
    assert {line.semitones for line in lines} == set(range(-3, 4))
    assert all(0.75 <= line.tempo <= 1.15 and -32 <= line.decibels <= -16 for line in lines)
    assert len({line.path for line in lines}) == 60


@pytest.mark.parametrize("semitones", [-3, 0, 3])
@pytest.mark.parametrize("tempo", [0.8, 1.1])
def test_pitch_tempo_and_level_by_themselves(semitones, tempo):
    text = "x" * 56
    samples = Line(text, Voice(Hum(), "low"), semitones, tempo, -20.0).speak()
    assert samples.dtype == np.float32
    assert len(samples) / 16000 == pytest.approx((len(text) + 1) / 14 / tempo, rel=0.001)
    loudest = np.abs(np.fft.rfft(samples)).argmax() * 16000 / len(samples)
    assert loudest == pytest.approx(200 * 2 ** (semitones / 12), abs=0.3)
    assert 20 * np.log10(level(samples)) == pytest.approx(-20, abs=0.01)


def test_loud_voices_are_not_clipped():
    samples = Line("x" * 56, Voice(Hum(), "low"), 0, 1.0, -1.0).speak()
    assert np.abs(samples).max() == pytest.approx(0.95)


def test_engines_are_given_sentences(hum, tmp_path):
    (tmp_path / "texts.tsv.gz").write_text(
        "1\tIS THIS MISSUS O'NEIL’S HEN I'M SURE I ASKED US ALL\n"
    )
    assert run(tmp_path, seconds=3) == 0
    assert hum.spoken[0] == "Is this missus o'neil's hen I'm sure I asked us all."
    text = read_manifest(tmp_path / "out")[0].text
    assert text == "IS THIS MISSUS O'NEIL'S HEN I'M SURE I ASKED US ALL"


def test_other_peoples_manifests_are_safe(hum, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    text = "split\tpath\tspeaker\tseconds\ttext\ntrain\tset/1.flac\t7\t2.0\tTEN HENS\n"
    (tmp_path / "out" / "manifest.tsv").write_text(text)
    assert run(tmp_path) == 1
    assert "lists other recordings: name a new folder" in capsys.readouterr().err
    assert manifest(tmp_path) == text


@pytest.mark.parametrize("bad", [dict(seconds=0), dict(seconds=-1), dict(jobs=0), dict(seed=-1)])
def test_bad_numbers(bad, hum, tmp_path, capsys):
    assert run(tmp_path, **bad) == 1
    assert "--hours must be above 0, --jobs at least 1" in capsys.readouterr().err
