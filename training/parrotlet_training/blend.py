"""`blend`: a checkpoint between two of the same training line; often better than both.

Weights of a model and of what further training made of it lie in one valley, and points between them
keep much of what either has learnt (arXiv 2109.01903).
"""

import argparse
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from .errors import TrainingError
from .tensor_file import write_tensors


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="a streaming checkpoint (.safetensors)")
    parser.add_argument("second", type=Path, help="another; its metadata is kept")
    parser.add_argument("--share", type=float, default=0.5, help="of the second, 0 to 1")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> None:
    if not 0 <= options.share <= 1:
        raise TrainingError(f"--share must be 0 to 1, not {options.share:g}.")
    first, _ = read(options.first)
    second, metadata = read(options.second)
    if first.keys() != second.keys():
        name = min(first.keys() ^ second.keys())
        raise TrainingError(f"{name} is in only one of {options.first} and {options.second}.")
    blended = {}
    for name, tensor in second.items():
        other = first[name].squeeze()
        if other.shape != tensor.squeeze().shape:
            raise TrainingError(
                f"{name} is {list(first[name].shape)} in {options.first}, but "
                f"{list(tensor.shape)} in {options.second}."
            )
        blended[name] = torch.lerp(other.reshape(tensor.shape), tensor, options.share).contiguous()
    write_tensors(options.out, blended, metadata)
    print(f"{options.out}: {1 - options.share:g} of {options.first}, {options.share:g} of the other")


def read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {k: file.get_tensor(k).float() for k in file.keys()}, file.metadata() or {}
    except (FileNotFoundError, SafetensorError) as error:
        raise TrainingError(f"Cannot read the checkpoint {path}: {error}.") from None
