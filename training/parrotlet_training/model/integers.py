"""The integers of a quantized model file (docs/model-format.md), as training starts from them."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ..errors import TrainingError
from .layers import WAVEFORM, Rounding, StridedConv, matrices
from .plan import STORED, bits_of_activations
from .rounding import Grid, Rounded, Scales

INSIDE = 0.3  # how far from its code a weight may lie at the start, in steps; 0.5 is the border


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
    scale = tensor(".scale").float().reshape(rows, -1, 1)
    zero = tensor(".zero").float().reshape(rows, -1, 1) if scheme == "affine" else None
    scales = Scales(scale, scale * -0.5 if scheme == "midRise" else zero)
    return Integers(
        Grid(bits, groupSize, scheme, STORED),
        bits_of_activations(activations),
        Rounded(codes.float().unflatten(1, (-1, groupSize)), scales),
    )


def hold_integers(
    model: nn.Module, found: dict[str, Integers], float_sums: bool = False, halves: bool = False
) -> None:
    """From here on the model computes with weights rounded to the scales of `found`, or, where its
    layers have learned scales, to what these have made of them; as float16 if `halves`."""
    layers = matrices(model)
    expect_same(layers, found)
    for name, layer in layers.items():
        layer.rounding = None
        if one := found.get(name):
            device = layer.weight.device
            scale, zero = one.rounded.scales.scale, one.rounded.scales.zero
            scales = Scales(scale.to(device), None if zero is None else zero.to(device))
            layer.rounding = Rounding(one.grid, one.activation_bits, scales, float_sums, halves)


def let_scales_learn(model: nn.Module, found: dict[str, Integers]) -> None:
    """Gives the layers of `found` factors of their scales (and free zeros) as parameters."""
    layers = matrices(model)
    expect_same(layers, found)
    for name, one in found.items():
        layer, scale = layers[name], one.rounded.scales.scale
        device = layer.weight.device
        layer.learned_scale = nn.Parameter(torch.ones_like(scale, device=device))
        if one.grid.scheme == "affine":
            layer.learned_zero = nn.Parameter(torch.ones_like(scale, device=device))


@torch.no_grad()
def settle(model: nn.Module) -> None:
    """Weights become what learned scales make of their codes, and are rounded to them from now on."""
    for layer in matrices(model).values():
        if layer.rounding is None or not layer.in_steps:
            continue
        rounded = layer.rounded()
        put(layer, rounded.values)
        layer.rounding = replace(layer.rounding, scales=rounded.scales)
        layer.learned_scale = layer.learned_zero = None


@torch.no_grad()
def halve_floats(model: nn.Module) -> None:
    """Rounds to float16 what `parrotlet import --floats float16` stores so: all but the matrices."""
    layers = matrices(model)
    kept = {layer.weight for name, layer in layers.items() if name != WAVEFORM}
    for parameter in model.parameters():
        if parameter not in kept:
            parameter.copy_(parameter.half())


@torch.no_grad()
def start_from_integers(model: nn.Module, found: dict[str, Integers]) -> None:
    """Moves the model's weights no further than it takes to lie within INSIDE steps of their codes.

    So near to the border training can cross it where a code is no wider than what the steps of a run
    add up to; the wide ones of 2 bits need a rate in steps. At the border itself the noise of the first
    steps would undo what error feedback has balanced. Where scales learn, weights are put in steps.
    """
    layers = matrices(model)
    expect_same(layers, found)
    for name, one in found.items():
        layer = layers[name]
        put(layer, within(one, layer.matrix().cpu(), layer.in_steps))


@torch.no_grad()
def put(layer: nn.Module, values: Tensor) -> None:
    """values: (outputs, inputs), in the engine's order"""
    if isinstance(layer, StridedConv):
        values = values.unflatten(1, (layer.kernel_size[0], -1)).transpose(1, 2)
    layer.weight.copy_(values)


def within(one: Integers, weight: Tensor, in_steps: bool = False) -> Tensor:
    """The nearest to `weight` (rows, depth) within INSIDE steps of the integers; as a weight, or
    where it lies between codes."""
    grid, codes, scales = one.grid, one.rounded.codes, one.rounded.scales
    groups = weight.float().unflatten(1, (-1, grid.group))
    at = scales.steps(groups)
    low = torch.where(codes > grid.low, codes - INSIDE, -torch.inf)
    high = torch.where(codes < grid.high, codes + INSIDE, torch.inf)
    if in_steps:
        return at.clamp(low, high).flatten(1)
    moved = scales.values(at.clamp(low, high))
    inside = (at >= low) & (at <= high)
    return torch.where(scales.scale == 0, 0, torch.where(inside, groups, moved)).flatten(1)


def expect_halves(found: dict[str, Integers], path: str) -> None:
    """An error that names a matrix whose scales or zeros no float16 holds."""
    for name, one in found.items():
        scales = one.rounded.scales
        for values in (scales.scale, scales.zero):
            if values is not None and not torch.equal(values, values.half().float()):
                raise TrainingError(
                    f"{path} holds scales of {name} that no float16 is: make it with `parrotlet "
                    "quantize --floats float16`."
                )


def expect_same(layers: dict[str, nn.Module], found: dict[str, Integers]) -> None:
    for name, one in found.items():
        shape = list(one.rounded.values.shape)
        wanted = list(layers[name].matrix().shape) if name in layers else None
        if shape != wanted:
            raise TrainingError(
                f"quantize.integers holds {name} {shape}, but the model "
                + (f"has {wanted} there." if wanted else "has no such matrix.")
            )
