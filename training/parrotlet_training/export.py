"""`export`: the averaged weights as a checkpoint that `parrotlet import` reads."""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from .checkpoint import Checkpoint
from .data.audio_cache import read_recording
from .errors import TrainingError
from .model.architecture import Architecture, read_config
from .model.front_end import FRAME_SECONDS
from .model.names import to_checkpoint
from .model.streaming_model import StreamingModel
from .options import Paths, add_common_options
from .recognize import load_tokenizer, transcribe
from .settings import read_settings

# What the family parrotlet-streaming of lib/import takes for granted, since checkpoints do not say.
IMPORTED = {
    "span": "chunk",
    "norm": "running",
    "left_frames": 426,
    "chunk_frames": 27,
    "chunk_choices": (13, 27, 53),
    "prior_frames": 64,
}
CARD = ("licence", "base", "data", "source")
ROOT = Path(__file__).resolve().parents[2]


def add_options(parser: argparse.ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument("--model", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--name", default="streaming", help="of the checkpoint, and of the model")
    parser.add_argument(
        "--check", type=Path, metavar="RECORDING", help="hold the built engine to this model's text"
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
    temporary = path.with_name(path.name + ".tmp")
    save_file(to_checkpoint(model.state_dict()), temporary, metadata)
    temporary.replace(path)
    return path


def check_importable(arch: Architecture) -> None:
    wrong = {k: getattr(arch, k) for k, v in IMPORTED.items() if getattr(arch, k) != v}
    if wrong or arch.conv_kernel == 0:
        found = ", ".join(f"{k} {v!r} (not {IMPORTED[k]!r})" for k, v in wrong.items())
        raise TrainingError(
            f"`parrotlet import` cannot read this model: it has {found or 'no convolution modules'}. "
            "Teach lib/import/families/parrotlet-streaming.ts the key `architecture` of the "
            "checkpoint's metadata first."
        )


def check_engine(model: StreamingModel, folder: Path, checkpoint: Path, recording: Path) -> None:
    """Imports the checkpoint with float weights and compares the engine's text; needs a build."""
    command = ROOT / "dist/esm/cli/main.js"
    if not command.exists():
        raise TrainingError(f"--check needs the engine: run `npm run build` in {ROOT} first.")
    arch, tokenizer = model.arch, load_tokenizer(folder)
    with tempfile.TemporaryDirectory() as temporary, torch.inference_mode():
        imported = Path(temporary, "model.safetensors")
        node(command, "import", checkpoint, "--output", imported, "--bits", "32")
        samples = read_recording(recording)
        for chunk in arch.chunk_choices:
            wanted = transcribe(model, tokenizer, [samples], chunk)[0]
            milliseconds = str(round(chunk * FRAME_SECONDS * 1000))
            got = node(
                *(command, "transcribe", recording, "--model", imported),
                *("--chunk", milliseconds, "--no-pauses"),
            ).strip()
            same = " ".join(got.split()) == " ".join(wanted.split())
            print(f"{milliseconds} ms: {'the same' if same else 'DIFFERENT'}: {got!r}")
            if not same:
                raise TrainingError(f"PyTorch says {wanted!r}. The engine computes something else.")


def node(*command: object) -> str:
    done = subprocess.run(["node", *map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise TrainingError(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return done.stdout
