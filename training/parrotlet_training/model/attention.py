"""What a frame may see, rotary positions, and the encoder's attention."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .architecture import Architecture
from .layers import Dense


def span_mask(
    arch: Architecture, layer: int, counts: Tensor, frames: int, chunk: int, step: int = 1
) -> Tensor:
    """Who sees whom in one layer: (batch, 1, frames, frames), True where the row sees the column.

    counts: (batch,) real frames; nobody sees what comes after them but itself.
      full    all of the recording
      chunk   its own chunk of `chunk` frames, and `left_frames` before itself
      frames  `lookahead[layer]` frames after itself, and `left_frames` before itself
    step: 2 if each is the mean of a pair of frames; then the later one of the pair decides.
    """
    index = torch.arange(frames, device=counts.device)
    time = step * index + step - 1
    row, column = time[:, None], time[None]
    if arch.span == "full":
        seen = torch.ones(frames, frames, dtype=torch.bool, device=counts.device)
    elif arch.span == "chunk":
        seen = (column // chunk <= row // chunk) & (column >= row - arch.left_frames)
    else:
        seen = (column <= row + arch.lookahead[layer]) & (column >= row - arch.left_frames)
    real = index < counts[:, None]  # (batch, frames)
    return (seen & real[:, None] | (row == column))[:, None]


def rotary_angles(
    frames: int, dims: int, theta: float, start: int, device
) -> tuple[Tensor, Tensor]:
    """Cosines and sines of positions from `start` on, each (frames, dims / 2)."""
    time = torch.arange(start, start + frames, dtype=torch.float32, device=device)
    rate = theta ** (-torch.arange(0, dims, 2, dtype=torch.float32, device=device) / dims)
    angle = time[:, None] * rate
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns pairs of the first dimensions of every head. x: (batch, heads, frames, head)."""
    dims = 2 * cos.shape[1]
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    even, odd = x[..., 0:dims:2], x[..., 1:dims:2]
    turned = torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)
    return torch.cat((turned, x[..., dims:]), -1)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(batch, frames, dim) -> (batch, heads, frames, dim / heads)"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """The inverse of split_heads."""
    return x.transpose(1, 2).flatten(-2)


class SelfAttention(nn.Module):
    """x + out(attention(norm(x))), with rotary positions. Also the decoder's, with `cache`."""

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim, bias=False)
        self.qkv = Dense(dim, 3 * dim, bias=False)
        self.out = Dense(dim, dim, bias=False)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None,
        angles: tuple[Tensor, Tensor],
        cache: list[Tensor] | None = None,
    ) -> Tensor:
        """x: (batch, frames, dim); mask: (batch or 1, 1, frames, keys), True where seen.

        cache: keys and values of the frames before x, extended in place; empty at the start.
        """
        q, k, v = (split_heads(y, self.heads) for y in self.qkv(self.norm(x)).chunk(3, -1))
        q, k = rotate(q, *angles), rotate(k, *angles)
        if cache is not None:
            if cache:
                k, v = torch.cat((cache[0], k), 2), torch.cat((cache[1], v), 2)
            cache[:] = [k, v]
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return x + self.out(join_heads(y))
