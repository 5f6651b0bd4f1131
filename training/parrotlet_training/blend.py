"""`blend`: a checkpoint between two of the same training line; often better than both.

Weights of a model and of what further training made of it lie in one valley, and points between them
keep much of what either has learnt (arXiv 2109.01903). The first may be the base itself: what
training added to it then starts from nothing, so that its share of the output is blended as well.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from .errors import TrainingError
from .model.names import added_output, streaming_name
from .tensor_file import read_tensors, write_tensors

PARTS = ("encoder", "decoder", "matrices")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="a streaming checkpoint, or a base's folder")
    parser.add_argument("second", type=Path, help="a streaming checkpoint; its metadata is kept")
    parser.add_argument("--share", type=float, default=0.5, help="of the second, 0 to 1")
    parser.add_argument("--only", choices=PARTS, help="blend this part; the rest is the second's")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> None:
    expect_share(options.share)
    second, metadata = read(options.second)
    if options.first.is_dir():
        first = read_base(options.first, second)
    else:
        first, _ = read(options.first)
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
        share = options.share if is_part(options.only, name, tensor) else 1.0
        blended[name] = torch.lerp(other.reshape(tensor.shape), tensor, share).contiguous()
    write_tensors(options.out, blended, metadata)
    print(f"{options.out}: {1 - options.share:g} of {options.first}, {options.share:g} of the other")


def expect_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise TrainingError(f"--share must be 0 to 1, not {share:g}.")


def is_part(part: str | None, name: str, tensor: Tensor) -> bool:
    """Matrices are what integers can hold; norms, biases and depthwise weights are not."""
    if part == "matrices":
        return tensor.dim() > 1 and ".dw." not in name
    return part is None or name.startswith(part)


def read_base(folder: Path, second: dict[str, Tensor]) -> dict[str, Tensor]:
    """The base as a streaming checkpoint like `second`: without what was added, which says nothing."""
    tensors, _ = read(folder / "model.safetensors")
    named = {streaming_name(name): tensor for name, tensor in tensors.items()}
    found = {}
    for name, tensor in second.items():
        if name in named:
            found[name] = named[name]
        else:
            found[name] = torch.zeros_like(tensor) if added_output(name) else tensor
    return found


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    tensors, metadata = read_tensors(path)
    return {name: tensor.float() for name, tensor in tensors.items()}, metadata
