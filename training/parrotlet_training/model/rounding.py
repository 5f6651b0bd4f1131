"""Quantization-aware training of weights: forward and backward run with rounded weights, the
optimizer moves the unrounded ones.

The gradient passes the rounding unchanged (a straight-through estimator). Scales are those of
`parrotlet import --clip max`, in the same float32 arithmetic, so that export and import give the
very integers that training saw: scale = max|w| / (2^(bits-1) - 1) of a group of inputs,
q = floor(w / scale + 0.5).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import TrainingError
from .names import engine_name

LEAST_SCALE = 2.0**-126
CHANNEL = "channel"


@dataclass(frozen=True)
class Rule:
    """One of an importer's plan (docs/import.md): matrices named `match`, so many bits and inputs
    a scale."""

    match: str
    bits: int
    group: int | str  # inputs, or CHANNEL

    def group_of(self, name: str, depth: int) -> int:
        group = depth if self.group == CHANNEL else int(self.group)
        if depth % group:
            raise TrainingError(f"groups of {group} do not divide the {depth} inputs of {name}.")
        return group


def read_plan(path: Path) -> tuple[Rule, ...]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        rules = tuple(Rule(row["match"], row["bits"], row["groupSize"]) for row in rows)
        clips = [row.get("clip") for row in rows]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is no plan with match, bits and groupSize: {error}.") from None
    if any(rule.bits not in (2, 4, 8) for rule in rules) or any(clip != "max" for clip in clips):
        raise TrainingError(f'{path}: training rounds to 2, 4 or 8 bits with "clip": "max".')
    return rules


def planned(model: nn.Module, rules: tuple[Rule, ...]) -> list[tuple[nn.Parameter, int, int]]:
    """Each matrix that a rule names, with its bits and group; the first rule that matches decides."""
    found, used = [], set()
    for name, parameter in model.named_parameters():
        if parameter.dim() != 2 or name.startswith("ctc."):
            continue
        rule = next((r for r in rules if fnmatchcase(engine_name(name), r.match)), None)
        if rule:
            used.add(rule)
            found.append((parameter, rule.bits, rule.group_of(name, parameter.shape[1])))
    for rule in rules:
        if rule not in used:
            raise TrainingError(f"the plan's rule {rule.match!r} names no weight matrix.")
    return found


def quantize(weight: Tensor, bits: int, group: int) -> tuple[Tensor, Tensor]:
    """weight (rows, depth) -> integers (rows, depth / group, group) and scales (.., 1), float32"""
    high = 2 ** (bits - 1) - 1
    groups = weight.float().unflatten(1, (-1, group))
    scale = groups.abs().amax(-1, keepdim=True) / high
    scale = torch.where(scale < LEAST_SCALE, 0, scale)
    codes = (groups / torch.where(scale == 0, 1, scale) + 0.5).floor_().clamp_(-high - 1, high)
    return torch.where(scale == 0, 0, codes), scale


@torch.no_grad()
def round_weights(model: nn.Module, rules: tuple[Rule, ...]) -> None:
    """Replaces the weights by what the engine will make of them."""
    for parameter, bits, group in planned(model, rules):
        codes, scale = quantize(parameter, bits, group)
        parameter.copy_((codes * scale).flatten(1))


@contextmanager
def rounded(model: nn.Module, rules: tuple[Rule, ...]) -> Iterator[None]:
    """Weights are rounded inside; afterwards they are the unrounded ones again."""
    masters = [(parameter, parameter.detach().clone()) for parameter, *_ in planned(model, rules)]
    round_weights(model, rules)
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, master in masters:
                parameter.copy_(master)
