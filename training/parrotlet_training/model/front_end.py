"""From the waveform to frames: three strided convolutions, and a norm after the first."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .architecture import Architecture
from .layers import StridedConv

SAMPLE_RATE = 16000
CONVS = ((127, 64), (7, 3), (3, 2))  # kernel, stride; none is padded
HOP = 384  # samples from one frame to the next
FRAME_SECONDS = HOP / SAMPLE_RATE
FIRST_FRAME = 895  # samples that the first frame needs
EPSILON = 1e-5
PRIOR_VARIANCE = 0.0103  # what the first convolution's output has on speech


def narrow_count(samples):
    """Frames of 4 ms after the first convolution; a number or a tensor."""
    return (samples - CONVS[0][0]) // CONVS[0][1] + 1


def frame_count(samples):
    """Frames of 24 ms that `samples` give; a number or a tensor, from FIRST_FRAME samples on."""
    for kernel, stride in CONVS:
        samples = (samples - kernel) // stride + 1
    return samples


class RunningNorm(nn.Module):
    """One mean and variance over all channels and the frames so far, from a prior; then an affine.

    In float64 sums: float32 would drift over a long recording.
    """

    def __init__(self, dim: int, prior_frames: int):
        super().__init__()
        self.prior_frames = prior_frames
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.register_buffer("prior_mean", torch.tensor(0.0))
        self.register_buffer("prior_variance", torch.tensor(PRIOR_VARIANCE))

    def forward(self, x: Tensor, counts: Tensor) -> Tensor:
        """x: (batch, dim, frames) -> the same shape. Needs no `counts`: only the past is seen."""
        mean0, variance0 = self.prior_mean.double(), self.prior_variance.double()
        heard = torch.arange(1, x.shape[2] + 1, device=x.device) + self.prior_frames
        running = lambda y, prior: (y.double().cumsum(1) + self.prior_frames * prior) / heard
        mean = running(x.mean(1), mean0)
        square = running((x * x).mean(1), variance0 + mean0**2)
        deviation = ((square - mean**2).clamp_min(1e-6) + EPSILON).sqrt()
        normed = (x - mean[:, None].to(x.dtype)) / deviation[:, None].to(x.dtype)
        return normed * self.weight[:, None] + self.bias[:, None]


class UtteranceNorm(nn.Module):
    """Moonshine's own: one mean and variance over all channels and the whole recording."""

    def __init__(self, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor, counts: Tensor) -> Tensor:
        """x: (batch, dim, frames), counts: (batch,) real frames -> the shape of x."""
        real = (torch.arange(x.shape[2], device=x.device) < counts[:, None])[:, None].to(x.dtype)
        size = counts[:, None, None] * x.shape[1]
        mean = (x * real).sum((1, 2), keepdim=True) / size
        variance = (((x - mean) * real) ** 2).sum((1, 2), keepdim=True) / size
        return (x - mean) * torch.rsqrt(variance + EPSILON) * self.weight[:, None] + self.bias[
            :, None
        ]


class FrontEnd(nn.Module):
    def __init__(self, arch: Architecture):
        super().__init__()
        dim = arch.dim
        widths = ((1, dim), (dim, 2 * dim), (2 * dim, dim))
        self.conv = nn.ModuleList(
            StridedConv(inputs, outputs, kernel, stride, bias=i > 0)
            for i, ((inputs, outputs), (kernel, stride)) in enumerate(zip(widths, CONVS))
        )
        self.norm = (
            RunningNorm(dim, arch.prior_frames) if arch.norm == "running" else UtteranceNorm(dim)
        )

    def forward(self, samples: Tensor, lengths: Tensor) -> Tensor:
        """samples: (batch, n) at 16 kHz, lengths: (batch,) real samples -> (batch, frames, dim)."""
        y = torch.tanh(self.conv[0](samples[:, None]))
        with torch.autocast(y.device.type, enabled=False):  # the norm's sums need their digits
            y = self.norm(y.float(), narrow_count(lengths))
        y = F.gelu(self.conv[1](y))
        return F.gelu(self.conv[2](y)).transpose(1, 2)
