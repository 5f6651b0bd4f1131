"""Options that several commands share."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch

from .errors import TrainingError

HELP = {
    "data": "folder with manifest.tsv and the recordings it lists; named again, others to train on",
    "base": "Hugging Face folder of Moonshine, tiny or base",
    "work": "folder for decoded audio, lessons and runs; gigabytes, outside the repository",
}


@dataclass(frozen=True)
class Paths:
    data: Path
    base: Path
    work: Path
    more: tuple[Path, ...] = ()  # further --data, of which only the train split is used

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.data, *self.more)

    @staticmethod
    def of(options: argparse.Namespace, *needed: str) -> "Paths":
        for name in needed:
            if getattr(options, name) is None:
                raise TrainingError(f"--{name} is missing: the {HELP[name]}.")
        data, *more = options.data or [Path()]
        if len({folder.resolve() for folder in (data, *more)}) <= len(more):
            raise TrainingError("--data names a folder twice: its recordings would count twice.")
        return Paths(data, options.base or Path(), options.work or Path(), tuple(more))


def add_common_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, help="a file like those in configs/")
    for name, text in HELP.items():
        action = "append" if name == "data" else "store"
        parser.add_argument(f"--{name}", type=Path, action=action, help=text)
    parser.add_argument(
        "--device", default="auto", help="cpu, cuda, or auto: cuda where there is one"
    )
    parser.add_argument("--threads", type=int, help="of the CPU; all by default")


def device_named(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise TrainingError(f"--device {name}: PyTorch finds no CUDA device here; use cpu.")
    return torch.device(name)
