"""A model file's encoder and output, computed from its definition: whole recordings, masks, float32.

Everything docs/model-format.md lets a model choose is here once, in the plainest form; what a stream
may not see is masked. Weights come from `parrotlet_file.read`.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

ACTIVATIONS = {"none": lambda x: x, "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh}
CHUNK_WHOLE = 10**9


class ReferenceModel:
    def __init__(self, file):
        self.document = file.document
        self.front_end = file.document["frontEnd"]
        self.encoder = file.document["encoder"]
        self.tensors = {k: torch.from_numpy(np.array(v)) for k, v in file.tensors.items()}
        self.pieces = file.pieces

    # ---- small parts -------------------------------------------------------------------------

    def linear(self, name, x):
        return F.linear(x, self.tensors[name + ".weight"], self.tensors.get(name + ".bias"))

    def norm(self, name, x):
        weight, bias = self.tensors[name + ".weight"], self.tensors.get(name + ".bias")
        return F.layer_norm(x, x.shape[-1:], weight, bias, self.encoder["normEpsilon"])

    def feed_forward(self, name, x):
        hidden = self.linear(name + ".in", self.norm(name + ".norm", x))
        return self.linear(name + ".out", ACTIVATIONS[self.encoder["activation"]](hidden))

    # ---- encoder -----------------------------------------------------------------------------

    def encode(self, samples, chunk=None):
        """samples (n,) -> memory (frames, dim). `chunk` in frames; None: the model's own."""
        x = torch.as_tensor(samples, dtype=torch.float32)
        x = self.log_mel(x) if self.front_end["kind"] == "logMel" else self.waveform(x)
        if "encoder.input.weight" in self.tensors:
            x = self.linear("encoder.input", x)
        first_block = [layer["kind"] for layer in self.encoder["layers"]].index("block")
        for i, layer in enumerate(self.encoder["layers"]):
            if i == first_block and self.encoder["positions"] == "sinusoidal":
                x = x + sinusoids(*x.shape)
            if layer["kind"] == "stacker":
                x = self.stack(f"encoder.layers.{i}.stack", layer, x)
            else:
                x = self.block(f"encoder.layers.{i}.", layer, x, chunk)
        if "encoder.norm.weight" in self.tensors:
            x = self.norm("encoder.norm", x)
        return x + self.encoder.get("memoryPositionScale", 0) * sinusoids(*x.shape)

    def stack(self, name, layer, x):
        past, future, stride = layer["past"], layer["future"], layer["stride"]
        padded = F.pad(x, (0, 0, past, future))
        wide = torch.cat([padded[k : k + len(x)] for k in range(past + 1 + future)], 1)
        return self.linear(name, wide)[::stride]

    def block(self, name, layer, x, chunk):
        if self.encoder["halfStepFeedForward"]:
            x = x + 0.5 * self.feed_forward(name + "ff1", x)
        x = x + self.attention(name + "attention.", layer, x, chunk)
        if self.encoder["convKernel"]:
            x = x + self.convolution(name + "conv.", x)
        step = 0.5 if self.encoder["halfStepFeedForward"] else 1
        x = x + step * self.feed_forward(name + "ff", x)
        return self.norm(name + "norm", x) if self.encoder["blockNorm"] else x

    def attention(self, name, layer, x, chunk):
        frames, heads = len(x), self.encoder["heads"]
        qkv = self.linear(name + "qkv", self.norm(name + "norm", x)).view(frames, 3, heads, -1)
        query, key, value = qkv.permute(1, 2, 0, 3)  # (heads, frames, head)
        if self.encoder["positions"] == "rotary":
            query, key = (rotate(y, self.encoder["rotaryDims"], self.encoder["rotaryTheta"]) for y in (query, key))
        scores = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])
        distance = torch.arange(frames)[None] - torch.arange(frames)[:, None]  # key - query
        if self.encoder["positions"] == "relativeBias":
            table = self.tensors[name + "relative_bias"]
            column = (distance + self.encoder["leftFrames"]).clamp(0, table.shape[1] - 1)
            scores = scores + table[:, column]
        seen = self.seen(layer, distance, chunk)
        weights = scores.masked_fill(~seen, -math.inf).softmax(-1)
        return self.linear(name + "out", (weights @ value).transpose(0, 1).reshape(frames, -1))

    def seen(self, layer, distance, chunk):
        span = self.encoder["span"]
        if span == "full":
            return torch.ones_like(distance, dtype=torch.bool)
        recent = distance >= -self.encoder["leftFrames"]
        if span == "frames":
            return recent & (distance <= layer.get("lookahead", 0))
        chunk_of = torch.arange(len(distance)) // (chunk or self.encoder["chunkFrames"])
        return recent & (chunk_of[None] <= chunk_of[:, None])

    def convolution(self, name, x):
        value, gate = self.linear(name + "in", self.norm(name + "norm", x)).chunk(2, -1)
        kernel = self.tensors[name + "depthwise.weight"]  # (kernel, dim)
        past = F.pad((value * gate.sigmoid()).T, (len(kernel) - 1, 0))
        bias = self.tensors.get(name + "depthwise.bias")
        y = F.conv1d(past[None], kernel.T[:, None], bias, groups=len(past))[0].T
        return self.linear(name + "out", F.silu(self.norm(name + "depthwise_norm", y)))

    # ---- front ends --------------------------------------------------------------------------

    def waveform(self, x):
        y = x[:, None]  # (time, channels)
        for i, conv in enumerate(self.front_end["convs"]):
            weight = self.tensors[f"frontend.conv.{i}.weight"]
            weight = weight.view(len(weight), conv["kernel"], conv["inChannels"]).transpose(1, 2)
            bias = self.tensors.get(f"frontend.conv.{i}.bias")
            y = F.conv1d(y.T[None], weight, bias, stride=conv["stride"])[0].T
            y = ACTIVATIONS[conv["activation"]](y)
            if i == 0:
                y = self.front_norm(y)
        return y

    def front_norm(self, y):
        norm, wide = self.front_end["norm"], y.double()
        if norm["kind"] == "utterance":
            mean, variance = wide.mean(), wide.var(unbiased=False)
        else:
            prior, mean0 = norm["priorFrames"], norm["priorMean"]
            heard = (torch.arange(len(y)) + 1 + prior)[:, None]
            mean = (wide.mean(1, True).cumsum(0) + prior * mean0) / heard
            square0 = norm["priorVariance"] + mean0**2
            square = ((wide**2).mean(1, True).cumsum(0) + prior * square0) / heard
            variance = (square - mean**2).clamp_min(1e-6)
        y = ((wide - mean) / (variance + norm["epsilon"]).sqrt()).float()
        return y * self.tensors["frontend.norm.weight"] + self.tensors["frontend.norm.bias"]

    def log_mel(self, x):
        o, wide = self.front_end, x.double()
        emphasized = wide - o["preEmphasis"] * F.pad(wide, (1, 0))[:-1]
        frames = emphasized.unfold(0, o["window"], o["hop"])
        hann = torch.hann_window(o["window"], periodic=True, dtype=torch.float64)
        magnitude = torch.fft.rfft(frames * hann, o["fft"]).abs()
        mel = magnitude @ mel_triangles(o, self.document["sampleRate"])
        y = mel.clamp_min(o["logFloor"]).log().float()
        if "frontend.mel.mean" in self.tensors:
            y = (y - self.tensors["frontend.mel.mean"]) * self.tensors["frontend.mel.scale"]
        return y

    # ---- outputs -----------------------------------------------------------------------------

    def ctc_logits(self, memory):
        return self.linear("ctc", memory)

    def ctc_tokens(self, memory):
        """Greedy: the best token of every frame, repeats merged, blanks dropped."""
        best = self.ctc_logits(memory).argmax(-1)
        merged = torch.unique_consecutive(best).tolist()
        return [token for token in merged if token != self.document["ctc"]["blank"]]


def mel_triangles(options, rate):
    """(fft / 2 + 1, melBins): straight lines in mel between neighbouring centres; 0 Hz has no weight."""
    mel = lambda hz: 1127 * np.log(1 + hz / 700)
    corners = np.linspace(mel(options["lowHz"]), mel(options["highHz"]), options["melBins"] + 2)
    at = mel(np.arange(options["fft"] // 2 + 1) * rate / options["fft"])[:, None]
    rising = (at - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - at) / (corners[2:] - corners[1:-1])
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0
    return torch.from_numpy(weights)


def sinusoids(frames, dim):
    half = dim // 2
    angle = np.arange(frames)[:, None] * 10000.0 ** (-np.arange(half) / half)
    return torch.from_numpy(np.concatenate((np.sin(angle), np.cos(angle)), 1)).float()


def rotate(x, dims, theta):
    """x: (heads, frames, head); the first `dims` of a head turn in neighbouring pairs."""
    angle = torch.arange(x.shape[1])[:, None] * theta ** (-torch.arange(0, dims, 2) / dims)
    pairs = torch.view_as_complex(x[..., :dims].reshape(*x.shape[:2], -1, 2).contiguous())
    turned = torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle)).flatten(-2)
    return torch.cat((turned, x[..., dims:]), -1)
