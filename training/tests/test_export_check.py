"""`export --check`: the engine's texts against PyTorch's. The engine is a stand-in that answers."""

from dataclasses import replace

import pytest
import soundfile
from conftest import MOONSHINE
from synthetic import SETTINGS, tone, write_data

from parrotlet_training import check_engine as check
from parrotlet_training.errors import TrainingError
from parrotlet_training.model.layers import round_model
from parrotlet_training.model.streaming_model import StreamingModel

FLOATS = ("--bits", "32")


@pytest.fixture
def model(tiny_architecture):
    settings = replace(SETTINGS.model, chunk_choices=(13, 27), chunk_frames=27)
    return StreamingModel(settings.architecture(tiny_architecture)).eval()


@pytest.fixture
def calls(monkeypatch):
    """PyTorch says how many samples it hears; the engine says the same of the files it is given."""
    made = []

    def node(_program, command, *arguments):
        made.append((command, arguments))
        files = [a for a in arguments if str(a).endswith(".wav")]
        return "".join(f'{{"text": "{soundfile.info(file).frames}"}}\n' for file in files)

    monkeypatch.setattr(check, "node", node)
    monkeypatch.setattr(check, "COMMAND", check.ROOT)
    monkeypatch.setattr(
        check, "transcribe", lambda _model, _tok, rs, _chunk: [str(len(r)) for r in rs]
    )
    return made


def option(arguments, name):
    return arguments[arguments.index(name) + 1]


def test_all_dev_recordings_of_a_folder_with_the_models_own_chunk(tmp_path, model, calls, capsys):
    data = write_data(tmp_path / "data", 9)
    check.check_engine(model, MOONSHINE, tmp_path / "x.safetensors", data, FLOATS)
    assert "648 ms: the same text for 2 of 2 recordings" in capsys.readouterr().out
    (imported, first), (transcribed, second) = calls
    assert (imported, transcribed) == ("import", "transcribe")
    assert option(first, "--bits") == "32" and option(second, "--chunk") == 648
    assert "--no-pauses" in second


def test_one_recording_with_every_chunk_and_segments_as_long_as_it(tmp_path, model, calls, capsys):
    sound = tmp_path / "long.wav"
    soundfile.write(sound, tone(24.5, 1), 16000)
    check.check_engine(model, MOONSHINE, tmp_path / "x.safetensors", sound, FLOATS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["312 ms", "648 ms"]
    assert option(calls[0][1], "--max-segment") == 26


def test_integers_are_imported_by_their_plan(tmp_path, model, calls):
    data, plan = write_data(tmp_path / "data", 9), ["--plan", "x.plan.json"]
    check.check_engine(model, MOONSHINE, tmp_path / "x.safetensors", data, plan)
    assert option(calls[0][1], "--plan") == "x.plan.json" and "--bits" not in calls[0][1]


def test_a_text_that_differs_is_shown_and_fails(tmp_path, model, calls, monkeypatch, capsys):
    data = write_data(tmp_path / "data", 9)
    heard = []

    def wrong_once(_model, _tokenizer, recordings, _chunk):
        heard.extend(recordings)
        return [str(len(r)) + (" ah" if i == 1 else "") for i, r in enumerate(recordings)]

    monkeypatch.setattr(check, "transcribe", wrong_once)
    with pytest.raises(TrainingError, match="1 texts at 648 ms differ"):
        check.check_engine(model, MOONSHINE, tmp_path / "x.safetensors", data, FLOATS)
    out = capsys.readouterr().out
    assert "the same text for 1 of 2 recordings" in out
    assert f"PyTorch: {len(heard[1])} ah" in out and f"engine:  {len(heard[1])}\n" in out


@pytest.mark.parametrize("wrong", [1, 3])
def test_of_integers_one_word_in_ten_may_differ(tmp_path, model, calls, monkeypatch, capsys, wrong):
    sound = tmp_path / "one.wav"
    soundfile.write(sound, tone(1.0, 1), 16000)
    words = "a parrot says what it has heard and nothing else".split()
    round_model(model, (), activation_bits=8, other_bits=8)
    monkeypatch.setattr(check, "transcribe", lambda *_: [" ".join(words)])
    monkeypatch.setattr(check.Engine, "transcribe", lambda *_: [" ".join(words[wrong:])])
    run = lambda: check.check_engine(
        model, MOONSHINE, tmp_path / "x.safetensors", sound, ["--plan", "x.plan.json"]
    )
    if wrong == 1:
        run()
    else:
        with pytest.raises(TrainingError, match="more than 10 % of words"):
            run()
    assert "the same text for 0 of 1 recordings" in capsys.readouterr().out


def test_of_floats_not_even_a_comma_may_differ(tmp_path, model, calls, monkeypatch):
    sound = tmp_path / "one.wav"
    soundfile.write(sound, tone(1.0, 1), 16000)
    monkeypatch.setattr(check, "transcribe", lambda *_: ["yes, no"])
    monkeypatch.setattr(check.Engine, "transcribe", lambda *_: ["yes no"])
    with pytest.raises(TrainingError, match="computes something else"):
        check.check_engine(model, MOONSHINE, tmp_path / "x.safetensors", sound, FLOATS)


def test_without_a_build_it_says_what_to_do(tmp_path, model, monkeypatch):
    monkeypatch.setattr(check, "COMMAND", tmp_path / "none.js")
    with pytest.raises(TrainingError, match="npm run build"):
        check.check_engine(model, MOONSHINE, tmp_path / "x.safetensors", tmp_path, FLOATS)
