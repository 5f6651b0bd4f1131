"""One encoder layer: attention, convolution module (where there is one), feed-forward."""

import torch.nn.functional as F
from torch import Tensor, nn

from .architecture import Architecture
from .attention import SelfAttention
from .conv_module import ConvModule
from .layers import Dense


class FeedForward(nn.Module):
    """x + out(gelu(inner(norm(x))))"""

    def __init__(self, dim: int, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(dim, bias=False)
        self.inner = Dense(dim, width)
        self.out = Dense(width, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, dim) -> the same shape"""
        return x + self.out(F.gelu(self.inner(self.norm(x))))


class ConformerBlock(nn.Module):
    def __init__(self, arch: Architecture):
        super().__init__()
        self.attention = SelfAttention(arch.dim, arch.heads)
        self.conv = ConvModule(arch.dim, arch.conv_kernel) if arch.conv_kernel else nn.Identity()
        self.ff = FeedForward(arch.dim, arch.feed_forward)

    def forward(self, x: Tensor, mask: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        """x: (batch, frames, dim), mask: (batch, 1, frames, frames) -> the shape of x"""
        return self.ff(self.conv(self.attention(x, mask, angles)))
