"""The streaming Moonshine encoder as a slow, obvious PyTorch module: the definition the engine is held to.

It sees a whole recording at once and masks what a stream could not have heard yet. Three things
differ from Moonshine's own encoder, and each can be turned off to get that one back:
  - the norm after the first convolution runs over the past, started from a prior;
  - attention sees its own chunk and `left` frames before the frame;
  - every block has a causal depthwise convolution between attention and feed-forward.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

RATE = 16000
WHOLE = 10**9  # as a chunk or left context: no limit


def frame_count(samples):
    """Frames that the three convolutions give, none of which is padded."""
    for kernel, stride in ((127, 64), (7, 3), (3, 2)):
        samples = (samples - kernel) // stride + 1
    return max(0, samples)


@dataclass(frozen=True)
class Shape:
    dim: int = 288
    heads: int = 8
    layers: int = 6
    feed_forward: int = 1152
    rotary_dims: int = 32
    conv_kernel: int = 15
    prior_frames: int = 64  # of 4 ms; 0 with `running_norm` off

    @staticmethod
    def from_config(config):
        """From a Moonshine config.json, read as a dictionary."""
        head = config["hidden_size"] // config["encoder_num_attention_heads"]
        factor = config.get("rope_parameters", config).get("partial_rotary_factor", 0.9)
        return Shape(
            dim=config["hidden_size"],
            heads=config["encoder_num_attention_heads"],
            layers=config["encoder_num_hidden_layers"],
            feed_forward=config["intermediate_size"],
            rotary_dims=int(head * factor),
        )


class RunningNorm(nn.Module):
    """One mean and variance over all channels and the frames so far, then a weight per channel."""

    def __init__(self, shape):
        super().__init__()
        self.prior_frames = shape.prior_frames
        self.weight = nn.Parameter(torch.ones(shape.dim))
        self.bias = nn.Parameter(torch.zeros(shape.dim))
        self.register_buffer("prior_mean", torch.tensor(0.0))
        self.register_buffer("prior_variance", torch.tensor(0.0103))

    def forward(self, x):  # (frames, dim)
        wide = x.double()
        heard = torch.arange(1, len(x) + 1) + self.prior_frames
        prior_square = self.prior_variance.double() + self.prior_mean.double() ** 2
        mean = (wide.mean(1).cumsum(0) + self.prior_frames * self.prior_mean) / heard
        square = ((wide**2).mean(1).cumsum(0) + self.prior_frames * prior_square) / heard
        deviation = ((square - mean**2).clamp_min(1e-6) + 1e-5).sqrt()
        return ((wide - mean[:, None]) / deviation[:, None]).to(x.dtype) * self.weight + self.bias


def rotate(x, dims, theta=10000.0):
    """Rotary positions on the first `dims` of every head, in neighbouring pairs. x: (heads, frames, head)"""
    time = torch.arange(x.shape[1], dtype=torch.float32)
    rate = theta ** (-torch.arange(0, dims, 2, dtype=torch.float32) / dims)
    angle = time[:, None] * rate
    even, odd = x[..., 0:dims:2], x[..., 1:dims:2]
    turned = torch.stack(
        (even * angle.cos() - odd * angle.sin(), odd * angle.cos() + even * angle.sin()), -1
    )
    return torch.cat((turned.flatten(-2), x[..., dims:]), -1)


class ChunkedAttention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.norm = nn.LayerNorm(shape.dim, bias=False)
        self.query = nn.Linear(shape.dim, shape.dim, bias=False)
        self.key = nn.Linear(shape.dim, shape.dim, bias=False)
        self.value = nn.Linear(shape.dim, shape.dim, bias=False)
        self.out = nn.Linear(shape.dim, shape.dim, bias=False)

    def forward(self, x, chunk, left):
        h, frames, heads = self.norm(x), len(x), self.shape.heads
        split = lambda y: y.view(frames, heads, -1).transpose(0, 1)
        query, key, value = split(self.query(h)), split(self.key(h)), split(self.value(h))
        query, key = rotate(query, self.shape.rotary_dims), rotate(key, self.shape.rotary_dims)
        time = torch.arange(frames)
        same_chunk_or_past = time[None] // chunk <= time[:, None] // chunk
        seen = same_chunk_or_past & (time[None] >= time[:, None] - left)
        scores = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])
        weights = scores.masked_fill(~seen, -math.inf).softmax(-1)
        return x + self.out((weights @ value).transpose(0, 1).reshape(frames, -1))


class CausalConvolution(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.kernel = shape.conv_kernel
        self.norm = nn.LayerNorm(shape.dim, bias=False)
        self.expand = nn.Linear(shape.dim, 2 * shape.dim)
        self.depthwise = nn.Conv1d(shape.dim, shape.dim, self.kernel, groups=shape.dim)
        self.depthwise_norm = nn.LayerNorm(shape.dim)
        self.out = nn.Linear(shape.dim, shape.dim)

    def forward(self, x):
        value, gate = self.expand(self.norm(x)).chunk(2, -1)
        past = F.pad((value * gate.sigmoid()).T, (self.kernel - 1, 0))
        y = self.depthwise(past[None])[0].T
        return x + self.out(F.silu(self.depthwise_norm(y)))


class FeedForward(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.norm = nn.LayerNorm(shape.dim, bias=False)
        self.fc1 = nn.Linear(shape.dim, shape.feed_forward)
        self.fc2 = nn.Linear(shape.feed_forward, shape.dim)

    def forward(self, x):
        return x + self.fc2(F.gelu(self.fc1(self.norm(x))))


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.attention = ChunkedAttention(shape)
        self.convolution = CausalConvolution(shape)
        self.feed_forward = FeedForward(shape)

    def forward(self, x, chunk, left):
        return self.feed_forward(self.convolution(self.attention(x, chunk, left)))


class StreamingEncoder(nn.Module):
    def __init__(self, shape=Shape()):
        super().__init__()
        self.shape = shape
        self.conv1 = nn.Conv1d(1, shape.dim, 127, stride=64, bias=False)
        self.running_norm = RunningNorm(shape)
        self.conv2 = nn.Conv1d(shape.dim, 2 * shape.dim, 7, stride=3)
        self.conv3 = nn.Conv1d(2 * shape.dim, shape.dim, 3, stride=2)
        self.blocks = nn.ModuleList([Block(shape) for _ in range(shape.layers)])
        self.norm = nn.LayerNorm(shape.dim, bias=False)
        self.position_scale = nn.Parameter(torch.zeros(1))

    def forward(self, samples, chunk=WHOLE, left=426):
        """samples: (n,) at 16 kHz -> the memory, (frames, dim)."""
        y = self.running_norm(torch.tanh(self.conv1(samples[None, None]))[0].T)
        y = F.gelu(self.conv3(F.gelu(self.conv2(y.T[None]))))[0].T
        for block in self.blocks:
            y = block(y, chunk, left)
        return self.norm(y) + self.position_scale * sinusoids(len(y), self.shape.dim)


def sinusoids(frames, dim):
    """Sines in the first half of the channels, cosines in the second."""
    half = dim // 2
    rate = torch.exp(-math.log(10000.0) / half * torch.arange(half))
    angle = torch.arange(frames)[:, None] * rate
    return torch.cat((angle.sin(), angle.cos()), 1)


# Names in a training checkpoint, where `encoder.e` is Moonshine's encoder, and here.
RENAMED = (
    ("e.groupnorm.", "running_norm."),
    ("e.layer_norm.", "norm."),
    ("e.conv", "conv"),
    ("mu0", "running_norm.prior_mean"),
    ("v0", "running_norm.prior_variance"),
    ("ps", "position_scale"),
)
RENAMED_IN_BLOCK = (
    ("input_layernorm.", "attention.norm."),
    ("self_attn.q_proj.", "attention.query."),
    ("self_attn.k_proj.", "attention.key."),
    ("self_attn.v_proj.", "attention.value."),
    ("self_attn.o_proj.", "attention.out."),
    ("post_attention_layernorm.", "feed_forward.norm."),
    ("mlp.", "feed_forward."),
    ("ln.", "convolution.norm."),
    ("p1.", "convolution.expand."),
    ("dw.", "convolution.depthwise."),
    ("n.", "convolution.depthwise_norm."),
    ("p2.", "convolution.out."),
)


def renamed(name):
    """The name here of a checkpoint's tensor `encoder.<name>`."""
    for prefix in ("e.layers.", "conv."):
        if name.startswith(prefix):
            index, rest = name[len(prefix) :].split(".", 1)
            old, new = next(pair for pair in RENAMED_IN_BLOCK if rest.startswith(pair[0]))
            return f"blocks.{index}.{new}{rest[len(old):]}"
    old, new = next(pair for pair in RENAMED if name.startswith(pair[0]))
    return new + name[len(old) :]


def load_encoder(tensors, shape):
    """From a checkpoint's tensors; those that are not `encoder.*` are ignored."""
    encoder = StreamingEncoder(shape)
    part = {k[len("encoder.") :]: v.float() for k, v in tensors.items() if k.startswith("encoder.")}
    encoder.load_state_dict({renamed(k): v for k, v in part.items()})
    return encoder.eval().requires_grad_(False)
