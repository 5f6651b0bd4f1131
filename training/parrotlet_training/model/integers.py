"""The integers of a quantized model file (docs/model-format.md), as training starts from them."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ..errors import TrainingError
from .layers import Rounding, StridedConv, matrices
from .plan import STORED
from .rounding import Grid, Rounded, Scales

FLOAT_ACTIVATIONS = 32  # what a model file calls activations that are not rounded


@dataclass(frozen=True)
class Integers:
    """One matrix of the file."""

    grid: Grid
    activation_bits: int  # 0: floats
    rounded: Rounded


def read_integers(path: Path) -> dict[str, Integers]:
    """The file's quantized matrices by name."""
    try:
        with safe_open(path, framework="pt") as file:
            document = json.loads((file.metadata() or {})["document"])
            return {
                name: unpacked(lambda part, name=name: file.get_tensor(name + part), **entry)
                for name, entry in document["tensors"].items()
            }
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is no model file of `parrotlet quantize`: {error!r}.") from None


def unpacked(
    tensor, bits: int, shape: list[int], groupSize: int, scheme="symmetric", activations=8
) -> Integers:
    """tensor(part): codes ("") as the file packs them, ".scale" and ".zero"."""
    rows, depth = shape
    packed = tensor("").to(torch.int32)
    places = (packed[..., None] >> torch.arange(0, 8, bits)) & (2**bits - 1)
    codes = places.flatten(1)[:, :depth]
    codes = torch.where(codes >= 2 ** (bits - 1), codes - 2**bits, codes)
    scale = tensor(".scale").reshape(rows, -1, 1)
    zero = tensor(".zero").reshape(rows, -1, 1) if scheme == "affine" else None
    scales = Scales(scale, scale * -0.5 if scheme == "midRise" else zero)
    return Integers(
        Grid(bits, groupSize, scheme, STORED),
        0 if activations == FLOAT_ACTIVATIONS else activations,
        Rounded(codes.float().unflatten(1, (-1, groupSize)), scales),
    )


def hold_integers(model: nn.Module, found: dict[str, Integers], float_sums: bool = False) -> None:
    """From here on the model computes with weights rounded to the scales of `found`."""
    layers = matrices(model)
    expect_same(layers, found)
    for name, layer in layers.items():
        layer.rounding = None
        if one := found.get(name):
            device = layer.weight.device
            scale, zero = one.rounded.scales.scale, one.rounded.scales.zero
            scales = Scales(scale.to(device), None if zero is None else zero.to(device))
            layer.rounding = Rounding(one.grid, one.activation_bits, scales, float_sums)


@torch.no_grad()
def start_from_integers(model: nn.Module, found: dict[str, Integers]) -> None:
    """The model's weights become what the integers stand for."""
    layers = matrices(model)
    expect_same(layers, found)
    for name, one in found.items():
        layer, values = layers[name], one.rounded.values
        if isinstance(layer, StridedConv):
            values = values.unflatten(1, (layer.kernel_size[0], -1)).transpose(1, 2)
        layer.weight.copy_(values)


def expect_same(layers: dict[str, nn.Module], found: dict[str, Integers]) -> None:
    for name, one in found.items():
        shape = list(one.rounded.values.shape)
        wanted = list(layers[name].matrix().shape) if name in layers else None
        if shape != wanted:
            raise TrainingError(
                f"quantize.integers holds {name} {shape}, but the model "
                + (f"has {wanted} there." if wanted else "has no such matrix.")
            )
