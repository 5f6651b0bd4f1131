"""`unpack`: writes a checkpoint of a model file's own weights, to go on from what ships."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .errors import TrainingError
from .export import CARD, export
from .model.architecture import moonshine_architecture, read_config
from .model.integers import put, read_integers
from .model.layers import matrices
from .model.names import SCALARS, engine_name
from .model.streaming_model import StreamingModel
from .options import Paths, add_common_options
from .settings import read_settings
from .tensor_file import read_tensors

# Where a model file's document has what a checkpoint holds as tensors.
PLACES = {
    "frontend.norm.prior_mean": ("frontEnd", "norm", "priorMean"),
    "frontend.norm.prior_variance": ("frontEnd", "norm", "priorVariance"),
    "encoder.memory_position_scale": ("encoder", "memoryPositionScale"),
}
DEPTHWISE = ".conv.depthwise.weight"  # (kernel, dim) in a model file
assert PLACES.keys() == SCALARS.keys()


def add_options(parser: argparse.ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument("--model", type=Path, required=True, help="a model file of the engine")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--name", default="streaming", help="of the checkpoint")


def run(options: argparse.Namespace) -> None:
    paths, settings = Paths.of(options, "base"), read_settings(options.config)
    arch = settings.model.architecture(moonshine_architecture(read_config(paths.base)))
    model = StreamingModel(replace(arch, ctc=False)).eval().requires_grad_(False)
    card = fill(model, options.model)
    print(export(model, paths.base, options.out, options.name, card))


@torch.no_grad()
def fill(model: StreamingModel, path: Path) -> dict[str, str]:
    """Gives the model the weights of a model file, its integers as the floats that they stand for;
    what the file's card says that a checkpoint's says too."""
    tensors, metadata = read_tensors(path)
    try:
        document: dict[str, Any] = json.loads(metadata["document"])
        found = read_integers(path)
        scalars = {name: value_at(document, place) for name, place in PLACES.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is no streaming model of the engine: {error!r}.") from None
    layers = matrices(model)
    for name, target in model.state_dict().items():
        theirs = engine_name(name)
        if name in scalars:
            target.fill_(scalars[name])
            continue
        if theirs not in tensors:
            raise TrainingError(f"{path} has no {theirs}: it is another kind of model.")
        tensor = found[theirs].rounded.values if theirs in found else tensors[theirs]
        if theirs in layers:
            put(layers[theirs], fitting(tensor, layers[theirs].matrix(), name))
        else:
            turned = tensor.T if name.endswith(DEPTHWISE) else tensor
            target.copy_(fitting(turned, target, name))
    return {key: value for key, value in document.get("card", {}).items() if key in CARD}


def value_at(document: dict[str, Any], place: tuple[str, ...]) -> float:
    for key in place[:-1]:
        document = document[key]
    return float(document.get(place[-1], 0))


def fitting(values: Tensor, target: Tensor, name: str) -> Tensor:
    if values.squeeze().shape != target.squeeze().shape:
        raise TrainingError(
            f"{name} should be {list(target.shape)}, not {list(values.shape)}: the model file is of "
            "another architecture than --config and --base."
        )
    return values.float().reshape(target.shape)
