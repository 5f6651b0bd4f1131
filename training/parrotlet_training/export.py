"""`export`: the averaged weights as a checkpoint that `parrotlet import` reads."""

import argparse
import json
import math
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from tqdm import tqdm

from .checkpoint import Checkpoint
from .data.audio_cache import read_recording
from .data.manifest import read_manifest
from .errors import TrainingError
from .model.architecture import WHOLE, Architecture, read_config
from .model.front_end import FRAME_SECONDS, SAMPLE_RATE
from .model.names import to_checkpoint
from .model.streaming_model import StreamingModel
from .options import Paths, add_common_options
from .recognize import by_length, load_tokenizer, transcribe
from .settings import read_settings
from .tensor_file import write_tensors

CARD = ("licence", "base", "data", "source")
ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "dist/esm/cli/main.js"
BATCH_SECONDS = 120.0  # of audio, heard at a time by --check


def add_options(parser: argparse.ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument("--model", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--name", default="streaming", help="of the checkpoint, and of the model")
    parser.add_argument(
        "--check",
        type=Path,
        metavar="SOUND",
        help="hold the built engine to this model's text: of a recording, for every chunk, or of "
        "all dev recordings of a folder with manifest.tsv, for the model's own chunk",
    )


def run(options: argparse.Namespace) -> None:
    paths, settings = Paths.of(options, "base"), read_settings(options.config)
    saved = Checkpoint.load(options.model)
    model = saved.averaged_model()
    card = {**settings.card, "steps": str(saved.step)}
    written = export(model, paths.base, options.out, options.name, card)
    print(
        f"{written}\nNow: npx parrotlet import {written} --output {options.name}-int4.safetensors"
    )
    if options.check:
        check_engine(model, options.out, written, options.check)


def export(model: StreamingModel, base: Path, out: Path, name: str, card: dict[str, str]) -> Path:
    """Writes NAME.safetensors, config.json and tokenizer.json to `out`; the file's path."""
    check_importable(model.arch)
    unknown = set(card) - {*CARD, "steps"}
    if unknown:
        raise TrainingError(f"card: {sorted(unknown)} has no place; there are {', '.join(CARD)}.")
    tokenizer = base / "tokenizer.json"
    load_tokenizer(base)
    out.mkdir(parents=True, exist_ok=True)
    config = {**read_config(base), "decoder_num_hidden_layers": model.arch.decoder_layers}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (out / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    metadata = {**card, "architecture": model.arch.to_json()}
    path = out / f"{name}.safetensors"
    write_tensors(path, to_checkpoint(model.state_dict()), metadata)
    return path


def check_importable(arch: Architecture) -> None:
    if arch.norm != "running" or arch.span == "full" or arch.conv_kernel == 0:
        raise TrainingError(
            "`parrotlet import` reads streaming models: with a running norm, a span of chunks or "
            f"frames and convolution modules, not norm {arch.norm!r}, span {arch.span!r} and a "
            f"kernel of {arch.conv_kernel}."
        )


def check_engine(model: StreamingModel, folder: Path, checkpoint: Path, sound: Path) -> None:
    """Imports the checkpoint with float weights and compares the engine's texts; needs a build."""
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
    tokenizer, differing = load_tokenizer(folder), 0
    with tempfile.TemporaryDirectory() as temporary, torch.inference_mode():
        engine = Engine(checkpoint, Path(temporary), recordings)
        for chunk in chunks:
            different = []
            for batch in tqdm(batches, name_of(chunk), disable=len(paths) == 1):
                wanted = transcribe(model, tokenizer, [recordings[i] for i in batch], chunk)
                got = engine.transcribe([recordings[i] for i in batch], chunk)
                different += [d for d in zip(batch, wanted, got, strict=True) if d[1] != d[2]]
            same = len(paths) - len(different)
            print(f"{name_of(chunk)}: the same text for {same} of {len(paths)} recordings")
            for i, by_torch, by_engine in different:
                print(f"{paths[i]}\n  PyTorch: {by_torch}\n  engine:  {by_engine}")
            differing += len(different)
    if differing:
        raise TrainingError(f"The engine computes something else: {differing} texts differ.")


class Engine:
    """The built engine with a checkpoint's float weights and segments as long as the recordings."""

    def __init__(self, checkpoint: Path, folder: Path, recordings: list[np.ndarray]):
        self._folder, self._model = folder, folder / "model.safetensors"
        longest = math.ceil(max(map(len, recordings)) / SAMPLE_RATE) + 1
        options = ("--bits", "32", "--max-segment", max(longest, 20))
        node(COMMAND, "import", checkpoint, "--output", self._model, *options)

    def transcribe(self, recordings: list[np.ndarray], chunk: int) -> list[str]:
        """Texts of whole recordings; it hears the very samples, whatever file they came from."""
        files = [self._folder / f"{i}.wav" for i in range(len(recordings))]
        for file, samples in zip(files, recordings, strict=True):
            soundfile.write(file, samples, SAMPLE_RATE, subtype="FLOAT")
        options = ["--model", self._model, "--no-pauses", "--json"]
        if chunk != WHOLE:
            options += ["--chunk", milliseconds(chunk)]
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
