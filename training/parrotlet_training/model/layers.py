"""Layers with weight matrices, in floats or in the integers that the engine computes with.

In integers, as in the engine's kernels: activations are rounded row by row, integer dots of each
group are exact, and the groups' products with their scales are added in order, in float32. The
gradient is that of the rounded operands; rounding passes it on.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .names import engine_name
from .plan import CHANNEL, Rule, assign, bits_of_activations
from .rounding import Grid, Rounded, Scales, codes_at, quantize, stored, straight_through

SILENT = 1e-30  # largest magnitude of a row that the engine takes for zeros
EXACT = 2**24  # float32 holds every whole number up to here


@dataclass(frozen=True)
class Rounding:
    grid: Grid
    activation_bits: int = 8  # 0: activations stay floats
    scales: Scales | None = None  # fixed ones; None: as the grid asks for, found again each time
    float_sums: bool = False  # gradients from products of the same numbers that are summed in floats
    halves: bool = False  # whether learned scales are rounded to float16

    def of(self, weight: Tensor) -> Rounded:
        return quantize(weight, self.grid, self.scales)


class Rounds:
    """A layer whose weight may be rounded.

    Parameters, where scales learn: learned_scale and, of the scheme affine, learned_zero, both
    (outputs, groups, 1): factors, 1 at first, so that one rate fits wide steps and narrow ones. The
    weight then says where each lies between its codes, in steps, for the same reason.
    """

    rounding: Rounding | None = None
    _latest: tuple[tuple, Rounded] | None = None

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.register_parameter("learned_scale", None)
        self.register_parameter("learned_zero", None)

    @property
    def in_steps(self) -> bool:
        """Whether the weight is in steps, which only its rounding makes weights of."""
        return self.learned_scale is not None

    def matrix(self) -> Tensor:
        """(outputs, inputs), in the engine's order"""
        return self.weight

    def rounded(self) -> Rounded:
        """What the weight is rounded to; found again only when it has changed."""
        known = (self.weight, self.learned_scale, self.learned_zero)
        parts = [(t._version, t.data_ptr(), t.device) for t in known if t is not None]
        now = (*parts, id(self.rounding))
        if self._latest is None or self._latest[0] != now:
            self._latest = now, self._round()
        return self._latest[1]

    def _round(self) -> Rounded:
        if not self.in_steps:
            return self.rounding.of(self.matrix())
        with torch.no_grad():
            scales, grid = self._scales(), self.rounding.grid
            codes = codes_at(self._steps(), grid)
            return Rounded(torch.where(scales.scale == 0, 0, codes), scales)

    def _steps(self) -> Tensor:
        """(outputs, groups, group), of a weight in steps"""
        return self.matrix().unflatten(1, (-1, self.rounding.grid.group))

    def _scales(self) -> Scales:
        """The learned ones, as a model file may hold them: none is negative."""
        first = self.rounding.scales
        scale = self._stored(stored(first.scale * self.learned_scale.clamp_min(0)))
        if self.rounding.grid.scheme == "midRise":
            return Scales(scale, scale * -0.5)
        if self.learned_zero is None:
            return Scales(scale)
        zero = self._stored(first.zero * self.learned_zero)
        return Scales(scale, torch.where(scale == 0, 0, zero))

    def _stored(self, values: Tensor) -> Tensor:
        """As the model file holds them; the gradient passes."""
        if not self.rounding.halves:
            return values
        return values.detach().half().float() + (values - values.detach())

    def values(self) -> Tensor:
        """The rounded weights (outputs, inputs), with gradients to what learns."""
        if not self.in_steps or not torch.is_grad_enabled():
            return straight_through(self.matrix(), self.rounded(), self.rounding.grid)
        codes, grid = self.rounded().codes, self.rounding.grid
        if self.weight.requires_grad:
            at = self._steps().clamp(grid.low - 0.5, grid.high + 0.5)
            codes = codes + (at - at.detach())
        return self._scales().values(codes).flatten(1)

    def times(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """x (..., inputs) -> (..., outputs)"""
        if self.rounding is None:
            return F.linear(x, self.matrix(), bias)
        return multiply(x, self.values(), bias, self.rounding, self.rounded())


class Dense(Rounds, nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return self.times(x, self.bias)


class StridedConv(Rounds, nn.Conv1d):
    """A convolution that the engine computes as a matrix product over unfolded frames."""

    def matrix(self) -> Tensor:
        """(outputs, kernel * inputs)"""
        return self.weight.transpose(1, 2).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        if self.rounding is None:
            return super().forward(x)
        windows = x.unfold(2, self.kernel_size[0], self.stride[0])  # (batch, in, frames, kernel)
        rows = windows.permute(0, 2, 3, 1).flatten(2)
        return self.times(rows, self.bias).transpose(1, 2)


class TokenTable(Rounds, nn.Embedding):
    """Token rows on the way in, and on the way out the logits of every token."""

    def forward(self, tokens: Tensor) -> Tensor:
        if self.rounding is None:
            return super().forward(tokens)
        return F.embedding(tokens, self.values())

    def logits(self, x: Tensor) -> Tensor:
        return self.times(x, None)


def product(x: Tensor, weight: Tensor, bias: Tensor | None, rounding: Rounding) -> Tensor:
    """x (..., depth) by weight (outputs, depth) -> (..., outputs)"""
    rounded = rounding.of(weight)
    values = straight_through(weight, rounded, rounding.grid)
    return multiply(x, values, bias, rounding, rounded)


def multiply(
    x: Tensor, values: Tensor, bias: Tensor | None, rounding: Rounding, rounded: Rounded
) -> Tensor:
    """x (..., depth) by what a weight is rounded to; `values` carry the gradient."""
    if rounding.activation_bits == 0:
        return F.linear(x, values, bias)
    if rounding.float_sums and torch.is_grad_enabled():
        codes, scale = quantize_rows(x.detach().float(), rounding.activation_bits)
        return F.linear(x + (codes * scale - x).detach(), values, bias)
    y = _IntegerProduct.apply(x, values, rounded, rounding)
    return y if bias is None else y + bias


class _IntegerProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, values: Tensor, rounded: Rounded, rounding: Rounding) -> Tensor:
        codes, scale = quantize_rows(x.detach().float(), rounding.activation_bits)
        ctx.save_for_backward(codes * scale, values)
        return integer_product(codes, scale, rounded, rounding)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, values = ctx.saved_tensors
        rows = gradient.flatten(0, -2)
        return gradient @ values, rows.T @ x.flatten(0, -2), None, None


def quantize_rows(x: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """x (..., depth) -> whole numbers (..., depth) and scales (..., 1), float32"""
    high = 2 ** (bits - 1) - 1
    largest = x.abs().amax(-1, keepdim=True)
    silent = largest < SILENT
    inverse = torch.where(silent, 0, high / torch.where(silent, 1, largest))
    return (x * inverse).round(), torch.where(silent, 0, largest / high)


def integer_product(codes: Tensor, scale: Tensor, weight: Rounded, rounding: Rounding) -> Tensor:
    """codes (..., depth), scale (..., 1) -> (..., outputs): the engine's linear_w8, w4 and w2"""
    grid, most = rounding.grid, 2 ** (rounding.activation_bits - 1)
    kind = torch.float32 if grid.group * most * -grid.low < EXACT else torch.float64
    scales, y = weight.scales, 0
    for g, part in enumerate(codes.split(grid.group, -1)):
        dots = (part.to(kind) @ weight.blocks[g].to(kind)).float()
        y = y + dots * (scale * scales.scale[:, g, 0])
        if scales.zero is not None:
            y = y - part.sum(-1, keepdim=True) * (scale * scales.zero[:, g, 0])
    return y


def matrices(model: nn.Module) -> dict[str, nn.Module]:
    """The layers that can be rounded, by the engine's names of their weights."""
    return {
        engine_name(f"{name}.weight"): module
        for name, module in model.named_modules()
        if isinstance(module, (Dense, StridedConv, TokenTable)) and not name.startswith("ctc.")
    }


WAVEFORM = "frontend.conv.0.weight"  # hears the waveform itself and is always float


def round_model(
    model: nn.Module,
    rules: tuple[Rule, ...],
    activation_bits: int = 8,
    other_bits: int = 0,
    float_sums: bool = False,
    **search: float | int | bool,
) -> None:
    """From here on the model computes with rounded weights.

    activation_bits: where a rule does not say; 0 leaves them floats.
    other_bits: of the matrices that no rule names, per channel; 0 leaves them floats.
    search: least_clip, clip_steps and scale_gradient of Grid.
    """
    layers = matrices(model)
    layers.pop(WAVEFORM, None)
    found = assign(rules, layers)
    for name, layer in layers.items():
        rule = found.get(name) or (Rule("*", other_bits, CHANNEL) if other_bits else None)
        if rule is None:
            layer.rounding = None
            continue
        group = rule.group_of(name, layer.matrix().shape[1])
        grid = Grid(rule.bits, group, rule.scheme, rule.clip, **search)
        said = rule.activations
        bits = activation_bits if said is None else bits_of_activations(said)
        layer.rounding = Rounding(grid, bits, None, float_sums)


def unround_model(model: nn.Module) -> None:
    """From here on the model computes with floats again."""
    for layer in matrices(model).values():
        layer.rounding = None
