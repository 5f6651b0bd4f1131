"""Weights as the engine holds them: integers, and a scale to each group of inputs.

w = scale * code - zero, where zero = scale * offset and the offset depends on the scheme:
  symmetric  0; the largest magnitude, clipped, is the largest code
  affine     a float zero point; the clipped range from least to largest is the range of codes
  midRise    -1/2: two bits are +-1/2 and +-3/2 of the scale
code = floor(w / scale + offset + 0.5), clamped. All in float32 and in this order of operations, as
`parrotlet import` does it, so that the integers are the same. Sources: arXiv 2305.16619 (schemes,
sub-channels, clipping), arXiv 2203.15952 (native integer training).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .plan import MAX, SEARCH

LEAST_SCALE = 2.0**-126


@dataclass(frozen=True)
class Grid:
    """How a matrix is rounded."""

    bits: int
    group: int
    scheme: str = "symmetric"
    clip: float | str = MAX
    least_clip: float = 0.5  # of the search, in clip_steps from 1
    clip_steps: int = 11
    scale_gradient: bool = False  # whether the gradient reaches the scale through its largest weight

    @property
    def low(self) -> int:
        return -(2 ** (self.bits - 1))

    @property
    def high(self) -> int:
        return 2 ** (self.bits - 1) - 1


@dataclass(frozen=True)
class Rounded:
    codes: Tensor  # (rows, groups, group), whole numbers as float32
    scale: Tensor  # (rows, groups, 1)
    zero: Tensor | None  # (rows, groups, 1); None where it is 0

    def values(self) -> Tensor:
        """(rows, depth)"""
        found = self.codes * self.scale
        return (found if self.zero is None else found - self.zero).flatten(1)


def quantize(weight: Tensor, grid: Grid) -> Rounded:
    """weight: (rows, depth), a whole number of groups"""
    groups = weight.detach().float().unflatten(1, (-1, grid.group))
    scale, offset = scale_and_offset(groups, grid, best_clip(groups, grid))
    codes = nearest(groups, scale, offset, grid)
    zero = None if offset is None else scale * offset
    return Rounded(torch.where(scale == 0, 0, codes), scale, zero)


def scale_and_offset(
    groups: Tensor, grid: Grid, clip: float | Tensor
) -> tuple[Tensor, Tensor | None]:
    """groups: (rows, groups, group) -> two of (rows, groups, 1); scales too small to store are 0"""
    if grid.scheme == "affine":
        least, most = (clip * edge for edge in groups.aminmax(dim=-1, keepdim=True))
        scale = stored((most - least) / (grid.high - grid.low))
        return scale, torch.where(scale == 0, 0, grid.low - least / divisor(scale))
    largest = clip * groups.abs().amax(-1, keepdim=True)
    if grid.scheme == "midRise":
        scale = stored(largest / (grid.high + 0.5))
        return scale, torch.full_like(scale, -0.5)
    return stored(largest / grid.high), None


def best_clip(groups: Tensor, grid: Grid) -> float | Tensor:
    """The clip itself, or for each group that of the least absolute error, the largest of equals."""
    if grid.clip != SEARCH:
        return 1.0 if grid.clip == MAX else float(grid.clip)
    best = torch.ones_like(groups[..., :1])
    least = torch.full_like(best, torch.inf)
    for clip in torch.linspace(1, grid.least_clip, grid.clip_steps).tolist():
        scale, offset = scale_and_offset(groups, grid, clip)
        codes = nearest(groups, scale, offset, grid)
        values = codes * scale if offset is None else codes * scale - scale * offset
        error = (groups - values).abs().sum(-1, keepdim=True)
        best, least = torch.where(error < least, clip, best), torch.minimum(error, least)
    return best


def steps(groups: Tensor, scale: Tensor, offset: Tensor | None) -> Tensor:
    """Where weights lie between codes."""
    found = groups / divisor(scale)
    return found if offset is None else found + offset


def nearest(groups: Tensor, scale: Tensor, offset: Tensor | None, grid: Grid) -> Tensor:
    """The codes that weights are rounded to."""
    return (steps(groups, scale, offset) + 0.5).floor_().clamp_(grid.low, grid.high)


def stored(scale: Tensor) -> Tensor:
    return torch.where(scale < LEAST_SCALE, 0, scale)


def divisor(scale: Tensor) -> Tensor:
    return torch.where(scale == 0, 1, scale)


def straight_through(weight: Tensor, grid: Grid) -> tuple[Tensor, Rounded]:
    """Rounded values (rows, depth) whose gradient passes the rounding but no clipped weight."""
    rounded = quantize(weight, grid)
    if grid.scale_gradient:
        return _with_scale_gradient(weight, grid), rounded
    return _StraightThrough.apply(weight, rounded, grid), rounded


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight: Tensor, rounded: Rounded, grid: Grid) -> Tensor:
        if grid.clip != MAX:
            groups = weight.unflatten(1, (-1, grid.group))
            offset = None if rounded.zero is None else rounded.zero / divisor(rounded.scale)
            at = steps(groups, rounded.scale, offset)
            ctx.inside = ((at >= grid.low - 0.5) & (at <= grid.high + 0.5)).flatten(1)
        else:
            ctx.inside = None
        return rounded.values()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return (gradient if ctx.inside is None else gradient * ctx.inside), None, None


def _with_scale_gradient(weight: Tensor, grid: Grid) -> Tensor:
    groups = weight.unflatten(1, (-1, grid.group))
    scale, offset = scale_and_offset(groups, grid, best_clip(groups.detach(), grid))
    at = steps(groups, scale, offset)
    codes = at + ((at + 0.5).floor() - at).detach()
    codes = codes.clamp(grid.low, grid.high)
    return (codes * scale if offset is None else codes * scale - scale * offset).flatten(1)
