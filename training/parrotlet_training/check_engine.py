"""`export --check`: the built engine must hear what PyTorch hears.

In floats that is the same text. Where activations are rounded, the last bit of a float, in which no two
programs agree, may tip one of them, and with it a doubtful word: there words are counted.
"""

import json
import math
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from tqdm import tqdm

from .data.audio_cache import read_recording
from .data.manifest import read_manifest
from .errors import TrainingError
from .model.architecture import WHOLE
from .model.front_end import FRAME_SECONDS, SAMPLE_RATE
from .model.layers import matrices
from .model.streaming_model import StreamingModel
from .recognize import by_length, load_tokenizer, transcribe
from .scores import count_errors

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "dist/esm/cli/main.js"
BATCH_SECONDS = 120.0  # of audio, heard at a time
DOUBTFUL = 10.0  # percent of words that may differ where activations are rounded


def check_engine(
    model: StreamingModel, folder: Path, checkpoint: Path, sound: Path, weights: Sequence[str]
) -> None:
    """Imports the checkpoint and compares the engine's texts; needs a build.

    weights: options of `parrotlet import` for the checkpoint's own integers, or its floats.
    """
    if not COMMAND.exists():
        raise TrainingError(f"--check needs the engine: run `npm run build` in {ROOT} first.")
    paths, chunks = [sound], model.arch.chunk_choices
    if sound.is_dir():
        paths = [sound / row.path for row in read_manifest(sound, "dev")]
        chunks = (model.arch.chunk_frames,)
    if model.arch.span == "frames":
        chunks = (WHOLE,)  # the engine takes as much as is there
    recordings = [read_recording(path) for path in paths]
    batches = list(by_length([len(r) / SAMPLE_RATE for r in recordings], BATCH_SECONDS))
    tokenizer, failed = load_tokenizer(folder), []
    rounded = any(
        layer.rounding is not None and layer.rounding.activation_bits > 0
        for layer in matrices(model).values()
    )
    with tempfile.TemporaryDirectory() as temporary, torch.inference_mode():
        engine = Engine(checkpoint, Path(temporary), recordings, weights)
        for chunk in chunks:
            texts = []
            for batch in tqdm(batches, name_of(chunk), disable=len(paths) == 1):
                wanted = transcribe(model, tokenizer, [recordings[i] for i in batch], chunk)
                got = engine.transcribe([recordings[i] for i in batch], chunk)
                texts += zip([paths[i] for i in batch], wanted, got, strict=True)
            different, percent = report(name_of(chunk), texts)
            if (rounded and percent > DOUBTFUL) or (not rounded and different):
                failed.append(f"{different} texts at {name_of(chunk)}")
    if failed:
        raise TrainingError(
            f"The engine computes something else: {', '.join(failed)} differ"
            + (f", and more than {DOUBTFUL:g} % of words." if rounded else ".")
        )


def report(name: str, texts: list[tuple[Path, str, str]]) -> tuple[int, float]:
    """Prints which of (recording, PyTorch's text, the engine's) differ: how many, percent of words."""
    different = [one for one in texts if one[1] != one[2]]
    counts = [count_errors(by_engine, by_torch) for _, by_torch, by_engine in texts]
    errors, words = map(sum, zip(*counts, strict=True))
    percent = 100 * errors / max(words, 1)
    print(
        f"{name}: the same text for {len(texts) - len(different)} of {len(texts)} recordings, "
        f"{percent:.1f} % of words differ"
    )
    for path, by_torch, by_engine in different:
        print(f"{path}\n  PyTorch: {by_torch}\n  engine:  {by_engine}")
    return len(different), percent


class Engine:
    """The built engine with a checkpoint's weights and segments as long as the recordings."""

    def __init__(
        self, checkpoint: Path, folder: Path, recordings: list[np.ndarray], weights: Sequence[str]
    ):
        self._folder, self._model = folder, folder / "model.safetensors"
        longest = math.ceil(max(map(len, recordings)) / SAMPLE_RATE) + 1
        options = (*weights, "--max-segment", max(longest, 20))
        node(COMMAND, "import", checkpoint, "--output", self._model, *options)

    def transcribe(self, recordings: list[np.ndarray], chunk: int) -> list[str]:
        """Texts of whole recordings; it hears the very samples, whatever file they came from."""
        files = [self._folder / f"{i}.wav" for i in range(len(recordings))]
        for file, samples in zip(files, recordings, strict=True):
            soundfile.write(file, samples, SAMPLE_RATE, subtype="FLOAT")
        # PyTorch searches greedily, and hears each frame once.
        options = ["--model", self._model, "--no-pauses", "--json", "--beam", 1]
        if chunk != WHOLE:
            options += ["--chunk", milliseconds(chunk), "--look-ahead", 0]
        lines = node(COMMAND, "transcribe", *files, *options).splitlines()
        return [json.loads(line)["text"] for line in lines]


def name_of(chunk: int) -> str:
    return "look-ahead" if chunk == WHOLE else f"{milliseconds(chunk)} ms"


def milliseconds(chunk: int) -> int:
    return round(chunk * FRAME_SECONDS * 1000)


def node(*command: object) -> str:
    done = subprocess.run(["node", *map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise TrainingError(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return done.stdout
