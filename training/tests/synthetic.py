"""Synthetic recordings with words, a manifest of them, and settings for tiny models."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from parrotlet_training.data.audio_cache import AudioCache, build_audio_cache
from parrotlet_training.data.clip import Clip, Word
from parrotlet_training.data.lessons import Lesson
from parrotlet_training.data.manifest import read_manifest
from parrotlet_training.settings import (
    AugmentSettings,
    DataSettings,
    ModelSettings,
    Settings,
    TrainSettings,
)

RATE = 16000
HEADS = ((0, 1), (1, 2))
SETTINGS = Settings(
    model=ModelSettings(chunk_choices=(3, 8), chunk_frames=8, conv_kernel=5),
    data=DataSettings(longest_seconds=6.0, batch_seconds=9.0, alignment_heads=HEADS),
    train=TrainSettings(
        steps=20,
        warm_up=2,
        encoder_rate=2e-3,
        added_rate=2e-3,
        decoder_rate=2e-3,
        bf16=False,
        chunk_weights=(1.0, 1.0, 1.0),
        average=0.8,
        evaluate_utterances=2,
    ),
)
QUIET = AugmentSettings(
    speed=0,
    join=0,
    cut_end=0,
    cut_start=0,
    ends=0,
    nothing=0,
    gain=0,
    noise=0,
    reverb=0,
    low_pass=0,
    mask=0,
)
PLAIN_SETTINGS = replace(SETTINGS, augment=QUIET)
CONFIG = f"""
[model]
chunk_choices = [13, 27, 53]
conv_kernel = 5
[data]
longest_seconds = 6
batch_seconds = 9
alignment_heads = {[list(head) for head in HEADS]}
[train]
steps = 3
bf16 = true
evaluate_utterances = 2
[card]
licence = "none"
"""


def tone(seconds: float, seed: int) -> np.ndarray:
    """Something that slides and hisses; every seed sounds different."""
    rng, t = np.random.default_rng(seed), np.arange(int(seconds * RATE)) / RATE
    slide = np.sin(2 * np.pi * (150 + 40 * (seed % 7)) * t * (1 + 0.3 * t / seconds))
    return (0.2 * slide + 0.01 * rng.standard_normal(len(t))).astype(np.float32)


def clip(seconds: float = 2.0, words: int = 4, seed: int = 1) -> Clip:
    """Words of equal length with pauses between them; word i is of the tokens 10 + i and 20 + i."""
    step = seconds / words
    return Clip(
        tone(seconds, seed),
        tuple(
            Word(f"w{i}", (10 + i, 20 + i), (i + 0.2) * step, (i + 0.9) * step, i != 1)
            for i in range(words)
        ),
    )


def write_data(folder: Path, utterances: int = 6) -> Path:
    """A folder with manifest.tsv and recordings of three splits, one of two subsets in each."""
    rows = ["split\tpath\tspeaker\tseconds\ttext"]
    for i in range(utterances):
        split, subset = ("train", "dev", "test")[i % 3 if i < 6 else 0], f"set-{i // 3 % 2}"
        seconds = 1.0 + 0.25 * i
        (folder / subset).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / subset / f"{i}.flac", tone(seconds, i), RATE)
        rows.append(f"{split}\t{subset}/{i}.flac\ts{i}\t{seconds}\tTHE HEN SANG AT TEN")
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def lessons(folder: Path, count: int = 9) -> tuple[list[Lesson], AudioCache]:
    """Decoded recordings of 1 to 2 s and a lesson for each."""
    write_data(folder / "data", count)
    rows = read_manifest(folder / "data")
    audio = build_audio_cache(folder / "data", rows, folder / "work")
    made = [
        Lesson(row.path, row.seconds, "teacher", clip(row.seconds, 3, i).words)
        for i, row in enumerate(rows)
    ]
    return made, audio
