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

    def forward(self, x: Tensor, counts: Tensor, chunk: int = WHOLE) -> Tensor:
        """x: (batch, frames, dim), counts: (batch,) real frames -> memory of the shape of x."""
        arch, frames = self.arch, x.shape[1]
        angles = rotary_angles(frames, arch.rotary_dims, arch.rotary_theta, 0, x.device)
        masks: dict[int, Tensor] = {}
        for i, block in enumerate(self.layers):
            ahead = arch.lookahead[i] if arch.span == "frames" else 0
            if ahead not in masks:
                masks[ahead] = span_mask(arch, i, counts, frames, chunk)
            x = block(x, masks[ahead], angles)
        x = self.norm(x)
        return x + self.memory_position_scale * sinusoids(frames, arch.dim, x.device)


def sinusoids(frames: int, dim: int, device) -> Tensor:
    """Sines in the first half of the channels, cosines in the second: (frames, dim)."""
    half = dim // 2
    rate = torch.exp(-math.log(10000.0) / half * torch.arange(half, device=device))
    angle = torch.arange(frames, device=device)[:, None] * rate
    return torch.cat((angle.sin(), angle.cos()), 1)
