"""Weights as the engine holds them: integers, and a scale to each group of inputs.

w = scale * code - zero, where the zero depends on the scheme:
  symmetric  0; the largest magnitude, clipped, is the largest code
  affine     a float zero point; the clipped range from least to largest is the range of codes
  midRise    -scale / 2: two bits are +-1/2 and +-3/2 of the scale
code = floor(w / scale + zero / scale + 0.5), clamped. All in float32 and in this order of operations,
as `parrotlet import` does it, so that the integers are the same, and scale and zero alone decide
them. Sources: arXiv 2305.16619 (schemes, sub-channels, clipping), arXiv 2203.15952 (native integer
training).
"""

from dataclasses import dataclass
from functools import cached_property

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
class Scales:
    """Where the codes of each group lie: scale * code - zero."""

    scale: Tensor  # (rows, groups, 1)
    zero: Tensor | None = None  # (rows, groups, 1); None where it is 0

    def steps(self, groups: Tensor) -> Tensor:
        """Where weights (rows, groups, group) lie between codes."""
        step = divisor(self.scale)
        found = groups / step
        return found if self.zero is None else found + self.zero / step

    def values(self, codes: Tensor) -> Tensor:
        found = codes * self.scale
        return found if self.zero is None else found - self.zero


@dataclass(frozen=True)
class Rounded:
    codes: Tensor  # (rows, groups, group), whole numbers as float32
    scales: Scales

    @cached_property
    def values(self) -> Tensor:
        """(rows, depth)"""
        return self.scales.values(self.codes).flatten(1)

    @cached_property
    def blocks(self) -> Tensor:
        """(groups, group, rows): the codes as a product of one group after the other wants them."""
        return self.codes.permute(1, 2, 0).contiguous()


def quantize(weight: Tensor, grid: Grid, scales: Scales | None = None) -> Rounded:
    """weight: (rows, depth), a whole number of groups; scales: if not those that the grid asks for"""
    groups = weight.detach().float().unflatten(1, (-1, grid.group))
    scales = scales or find_scales(groups, grid, best_clip(groups, grid))
    return Rounded(torch.where(scales.scale == 0, 0, nearest(groups, scales, grid)), scales)


def find_scales(groups: Tensor, grid: Grid, clip: float | Tensor) -> Scales:
    """groups: (rows, groups, group); scales too small to store are 0"""
    if grid.scheme == "affine":
        least, most = (clip * edge for edge in groups.aminmax(dim=-1, keepdim=True))
        scale = stored((most - least) / (grid.high - grid.low))
        offset = torch.where(scale == 0, 0, grid.low - least / divisor(scale))
        return Scales(scale, scale * offset)
    largest = clip * groups.abs().amax(-1, keepdim=True)
    if grid.scheme == "midRise":
        scale = stored(largest / (grid.high + 0.5))
        return Scales(scale, scale * -0.5)
    return Scales(stored(largest / grid.high))


def best_clip(groups: Tensor, grid: Grid) -> float | Tensor:
    """The clip itself, or for each group that of the least absolute error, the largest of equals."""
    if grid.clip != SEARCH:
        return 1.0 if grid.clip == MAX else float(grid.clip)
    best = torch.ones_like(groups[..., :1])
    least = torch.full_like(best, torch.inf)
    for clip in torch.linspace(1, grid.least_clip, grid.clip_steps).tolist():
        scales = find_scales(groups, grid, clip)
        values = scales.values(nearest(groups, scales, grid))
        error = (groups - values).abs().sum(-1, keepdim=True)
        best, least = torch.where(error < least, clip, best), torch.minimum(error, least)
    return best


def nearest(groups: Tensor, scales: Scales, grid: Grid) -> Tensor:
    """The codes that weights are rounded to."""
    return codes_at(scales.steps(groups), grid)


def codes_at(steps: Tensor, grid: Grid) -> Tensor:
    """The codes next to where weights lie between codes."""
    return (steps + 0.5).floor_().clamp_(grid.low, grid.high)


def stored(scale: Tensor) -> Tensor:
    return torch.where(scale < LEAST_SCALE, 0, scale)


def divisor(scale: Tensor) -> Tensor:
    return torch.where(scale == 0, 1, scale)


def straight_through(weight: Tensor, rounded: Rounded, grid: Grid) -> Tensor:
    """The rounded values (rows, depth); their gradient passes the rounding but no clipped weight.

    rounded: what `quantize` made of the weight (rows, depth).
    """
    if not (torch.is_grad_enabled() and weight.requires_grad):
        return rounded.values
    if grid.scale_gradient:
        return _with_scale_gradient(weight, grid)
    return _StraightThrough.apply(weight, rounded, grid)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight: Tensor, rounded: Rounded, grid: Grid) -> Tensor:
        ctx.inside = None
        if grid.clip != MAX:
            at = rounded.scales.steps(weight.unflatten(1, (-1, grid.group)))
            ctx.inside = ((at >= grid.low - 0.5) & (at <= grid.high + 0.5)).flatten(1)
        return rounded.values.detach()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return (gradient if ctx.inside is None else gradient * ctx.inside), None, None


def _with_scale_gradient(weight: Tensor, grid: Grid) -> Tensor:
    groups = weight.unflatten(1, (-1, grid.group))
    scales = find_scales(groups, grid, best_clip(groups.detach(), grid))
    at = scales.steps(groups)
    codes = at + ((at + 0.5).floor() - at).detach()
    return scales.values(codes.clamp(grid.low, grid.high)).flatten(1)
