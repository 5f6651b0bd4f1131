"""The encoder: blocks that each see what their span allows, and a last norm."""

import math

import torch
from torch import Tensor, nn

from .architecture import WHOLE, Architecture
from .attention import rotary_angles, span_mask
from .conformer_block import ConformerBlock


class Encoder(nn.Module):
    def __init__(self, arch: Architecture):
        super().__init__()
        self.arch = arch
        self.layers = nn.ModuleList(ConformerBlock(arch) for _ in range(arch.layers))
        self.norm = nn.LayerNorm(arch.dim, bias=False)
        # Kept from checkpoints that have it; 0 in new models, and never trained.
        self.register_buffer("memory_position_scale", torch.zeros(1))

    def forward(self, x: Tensor, counts: Tensor, chunk: int = WHOLE) -> tuple[Tensor, Tensor]:
        """x: (batch, frames, dim), counts: (batch,) real frames -> memory of the shape of x, counts;
        at half rate both are of pairs of frames."""
        arch, frames, step = self.arch, x.shape[1], 1
        positions = rotary_angles(frames, arch.rotary_dims, arch.rotary_theta, 0, x.device)
        masks: dict[tuple[int, int], Tensor] = {}
        for i, block in enumerate(self.layers):
            if i and i == arch.half_rate_from:
                x, counts = halve(x, counts)
                step = 2
            ahead = arch.lookahead[i] if arch.span == "frames" else 0
            if (ahead, step) not in masks:
                masks[ahead, step] = span_mask(arch, i, counts, x.shape[1], chunk, step)
            cos, sin = positions
            x = block(x, masks[ahead, step], (cos[::step], sin[::step]))
        x = self.norm(x)
        places = sinusoids(frames, arch.dim, x.device)[::step]
        return x + self.memory_position_scale * places, counts


def halve(x: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """The means of frames 0 and 1, 2 and 3, ..., and how many of each row are real; a row's last
    frame without a partner stays as it is.

    x: (batch, frames, dim), counts: (batch,)
    """
    later = torch.arange(1, x.shape[1] + 1, 2, device=x.device)
    later = later.minimum(counts[:, None] - 1).clamp_min(0)
    partners = x.gather(1, later[..., None].expand(-1, -1, x.shape[2]))
    return (x[:, ::2] + partners) / 2, (counts + 1) // 2


def sinusoids(frames: int, dim: int, device) -> Tensor:
    """Sines in the first half of the channels, cosines in the second: (frames, dim)."""
    half = dim // 2
    rate = torch.exp(-math.log(10000.0) / half * torch.arange(half, device=device))
    angle = torch.arange(frames, device=device)[:, None] * rate
    return torch.cat((angle.sin(), angle.cos()), 1)
