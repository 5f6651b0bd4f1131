"""The Conformer's convolution module, over the past only."""

import torch.nn.functional as F
from torch import Tensor, nn

from .layers import Dense


class ConvModule(nn.Module):
    """x + out(silu(norm(depthwise(value * sigmoid(gate))))); does nothing until it is trained."""

    def __init__(self, dim: int, kernel: int):
        super().__init__()
        self.norm = nn.LayerNorm(dim, bias=False)
        self.inner = Dense(dim, 2 * dim)
        self.depthwise = nn.Conv1d(dim, dim, kernel, groups=dim)
        self.depthwise_norm = nn.LayerNorm(dim)
        self.out = Dense(dim, dim)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, dim) -> the same shape; frame t depends on t - kernel + 1 to t."""
        y = F.glu(self.inner(self.norm(x)), -1).transpose(1, 2)
        y = self.depthwise(F.pad(y, (self.depthwise.kernel_size[0] - 1, 0))).transpose(1, 2)
        return x + self.out(F.silu(self.depthwise_norm(y)))
