"""The engines themselves: programs stood in for by small scripts, and those of this machine."""

import json
import stat
import sys

import numpy as np
import pytest

from parrotlet_training.voices.choose import ENGINES
from parrotlet_training.voices.engine import VoiceError, record
from parrotlet_training.voices.espeak import Espeak
from parrotlet_training.voices.flite import Flite
from parrotlet_training.voices.piper import PACKAGES, Piper, phoneme_ids
from parrotlet_training.voices.rhvoice import RHVoice

# Prints what is asked of it, or hums so long as the text has letters, and notes its options.
PROGRAM = """#!{python}
import json, pathlib, sys, wave
folder, words = pathlib.Path(__file__).parent, sys.argv[1:]
if words[-1] in {prints!r}:
    print({prints!r}[words[-1]])
    sys.exit()
text = sys.stdin.read()
(folder / "asked.json").write_text(json.dumps([words[:-1], text]))
with wave.open(words[-1], "wb") as file:
    file.setparams((1, 2, 24000, 0, "NONE", ""))
    file.writeframes(b"\\x00\\x40" * len(text))
"""
ENGLISH = """Pty Language       Age/Gender VoiceName          File                 Other Languages
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 3  en-uk           --/M      english-mb-en1     mb/mb-en1            (en-gb 3)(en 2)
 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
 5  variant         --/M      Storm              !v/Storm             (en-us 5)
"""
VARIANTS = """Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  variant         --/F      female1            !v/f1
 5  variant         --/M      male7              !v/m7
 5  variant         --/M      Demonic            !v/Demonic
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program of that name where it is found first."""

    def make(name, prints=None, source=PROGRAM):
        (tmp_path / "bin").mkdir(exist_ok=True)
        path = tmp_path / "bin" / name
        path.write_text(source.format(python=sys.executable, prints=prints or {}))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        return path

    return make


def asked(program):
    return json.loads((program.parent / "asked.json").read_text())


def test_rhvoice(program, tmp_path):
    path = program("RHVoice-test")
    for voice in ("slt", "alan", "lyubov"):  # the last is not free
        (tmp_path / "share" / "RHVoice" / "voices" / voice).mkdir(parents=True)
    assert RHVoice().voices() == ["alan", "slt"]
    samples, rate = RHVoice().speak("Ten hens.", "slt", 1.204)
    assert rate == 24000 and samples.dtype == np.float32
    np.testing.assert_array_equal(samples, np.full(9, 0.5, np.float32))
    assert asked(path) == [["-p", "slt", "-r", "120", "-o"], "Ten hens."]


def test_flite(program):
    path = program("flite", {"-lv": "Voices available: kal awb_time kal16 awb slt "})
    assert Flite().voices() == ["awb", "kal16", "slt"]
    Flite().speak("Ten hens.", "slt", 1.25)
    options = ["-voice", "slt", "--setf", "duration_stretch=0.8000", "-o"]
    assert asked(path) == [options, "Ten hens."]


def test_espeak(program):
    path = program("espeak-ng", {"--voices=en": ENGLISH, "--voices=variant": VARIANTS})
    assert Espeak().voices() == ["en-gb+f1", "en-gb+m7", "en-us+f1", "en-us+m7"]
    Espeak().speak("Ten hens.", "en-us+f1", 2.0)
    assert asked(path) == [["-v", "en-us+f1", "-s", "350", "--stdin", "-w"], "Ten hens."]


def test_programs_that_are_not_there_have_no_voices(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert RHVoice().voices() == Flite().voices() == Espeak().voices() == []
    with pytest.raises(VoiceError, match="flite .* gave no sound: .*No such file"):
        Flite().speak("Ten hens.", "slt", 1.0)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("#!{python}\nimport sys; sys.exit('no voice nosuch')", "status 1: no voice nosuch"),
        ("#!{python}\n", "gave no sound"),
        ("#!{python}\nimport sys; open(sys.argv[-1], 'w').write('RIFF')", "gave no sound"),
    ],
)
def test_programs_that_fail(source, message, program):
    program("croak", source=source)
    with pytest.raises(VoiceError, match=f"croak -x .*{message}"):
        record(["croak", "-x"], "-o", "Ten hens.")


def test_programs_that_hang(program, monkeypatch):
    program("sleep-well", source="#!{python}\nimport time; time.sleep(60)")
    monkeypatch.setattr("parrotlet_training.voices.engine.SECONDS_AT_MOST", 0.2)
    with pytest.raises(VoiceError, match="timed out"):
        record(["sleep-well"], "-o", "Ten hens.")


def test_piper_takes_every_package(monkeypatch):
    installed = set(PACKAGES)
    monkeypatch.setattr(
        "parrotlet_training.voices.piper.find_spec",
        lambda name: name if name in installed else None,
    )
    assert Piper().voices() == ["joe"]
    installed.remove("onnxruntime")
    assert Piper().voices() == []


def test_phonemes_have_pads_between_them():
    ids = {"_": [0], "^": [1], "$": [2], "h": [20], "ɛ": [61], "n": [26], "\u0303": [141]}
    assert phoneme_ids("hɛn", ids) == [1, 0, 20, 0, 61, 0, 26, 0, 2]
    assert phoneme_ids("ñ☃", ids) == [1, 0, 26, 0, 141, 0, 2]  # in parts; the snowman is left out


def test_voices_of_this_machine_speak():
    """Nothing to hear where none is installed; all that is `synthesize`'s own is tested by hums."""
    for engine in ENGINES:
        for voice in engine.voices()[:1]:
            slow, rate = engine.speak("The old hen sang at ten.", voice, 0.8)
            fast, _ = engine.speak("The old hen sang at ten.", voice, 1.3)
            assert slow.ndim == 1 and slow.dtype == np.float32 and 8000 < rate < 50000
            assert 1 < len(slow) / rate < 5 and 0.05 < np.abs(slow).max() <= 1.1
            assert 1.15 < len(slow) / len(fast) < 2
