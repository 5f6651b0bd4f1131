"""Configuration files: the shipped ones are right, and mistakes are told in words."""

from pathlib import Path

import pytest

from parrotlet_training.__main__ import main
from parrotlet_training.errors import TrainingError
from parrotlet_training.model.architecture import moonshine_architecture
from parrotlet_training.settings import read_settings

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
TINY = dict(hidden_size=288, intermediate_size=1152, vocab_size=32768, decoder_start_token_id=1,
            eos_token_id=2, encoder_num_hidden_layers=6, decoder_num_hidden_layers=6,
            encoder_num_attention_heads=8, decoder_num_attention_heads=8,
            rope_parameters={"partial_rotary_factor": 0.9, "rope_theta": 10000.0})  # fmt: skip


@pytest.mark.parametrize(
    ("name", "span", "delay"),
    [
        *((f"tiny-{kind}", "chunk", 26) for kind in ("chunk", "tune", "int4", "int2")),
        ("tiny-frames", "frames", 16),
    ],
)
def test_shipped_configurations(name, span, delay):
    settings = read_settings(CONFIGS / f"{name}.toml")
    arch = settings.model.architecture(moonshine_architecture(TINY))
    assert arch.span == span and arch.delay_frames(27) == delay
    assert arch.rotary_dims == 32 and arch.decoder_layers == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model]\nspam = 1", "no setting model.spam; there are span, left_frames"),
        ("[mode]\nspan = 'chunk'", "no setting mode; there are model, data"),
        ("[train]\nsteps = 1.5", "train.steps must be of type int, not 1.5"),
        ("[train]\nbf16 = 1", "train.bf16 must be of type bool, not 1"),
        ("[augment]\ngain_decibels = [1]", "augment.gain_decibels must be of type"),
        ("[model]\nlookahead = ['4']", r"model.lookahead\[0\] must be of type int, not '4'"),
        ("[model]\nchunk_choices = [13, 27]", "train.chunk_weights needs 3 numbers"),
        ("[data]\nbatch_seconds = 5", "data.batch_seconds at least data.longest_seconds"),
        ("[data]\nfirst_times = 0", "data.first_times must be at least 1"),
        ('[quantize]\nfloats = "float64"', 'floats must be "float32" or "float16", not "float64"'),
        ('[quantize]\nother_bits = 4\nfloats = "float16"', "needs quantize.integers"),
        ("model = 3", "model must be a table, not 3"),
        ("[model", "is not TOML"),
    ],
)
def test_errors_talk(text, message, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=message):
        read_settings(path)


def test_command_line_says_what_is_missing(tmp_path, capsys):
    assert main(["prepare", "--config", str(tmp_path / "none.toml")]) == 1
    assert "--data is missing" in capsys.readouterr().err
    config = ["--config", str(CONFIGS / "tiny-chunk.toml")]
    folders = ["--data", str(tmp_path), "--base", str(tmp_path), "--work", str(tmp_path)]
    assert main(["train", *config, *folders]) == 1
    assert "run `prepare` first" in capsys.readouterr().err


def test_decoder_layers_must_exist(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[model]\ndecoder_layers = [0, 6]")
    with pytest.raises(TrainingError, match="ascending numbers below 6"):
        read_settings(path).model.architecture(moonshine_architecture(TINY))
