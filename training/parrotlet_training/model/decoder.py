"""The decoder: Moonshine's, token by token over the encoder's memory."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .architecture import Architecture
from .attention import SelfAttention, join_heads, rotary_angles, split_heads
from .layers import Dense, TokenTable


@dataclass
class DecoderState:
    """What one hypothesis per row has seen: keys and values of its tokens, and of the memory."""

    tokens: int = 0
    own: list[list[Tensor]] = field(default_factory=list)
    memory: list[tuple[Tensor, Tensor]] = field(default_factory=list)


class CrossAttention(nn.Module):
    """x + out(attention of norm(x) over the memory), without positions."""

    def __init__(self, dim: int, heads: int, memory_dim: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim, bias=False)
        self.query = Dense(dim, dim, bias=False)
        self.key_value = Dense(memory_dim, 2 * dim, bias=False)
        self.out = Dense(dim, dim, bias=False)

    def keys_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """memory: (batch, frames, dim) -> two of (batch, heads, frames, head)"""
        k, v = self.key_value(memory).chunk(2, -1)
        return split_heads(k, self.heads), split_heads(v, self.heads)

    def forward(self, x: Tensor, keys_values: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
        """x: (batch, tokens, dim), mask: (batch, 1, 1, frames), True where real"""
        q = split_heads(self.query(self.norm(x)), self.heads)
        return x + self.out(
            join_heads(F.scaled_dot_product_attention(q, *keys_values, attn_mask=mask))
        )

    def weights(self, x: Tensor, keys_values: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
        """Attention itself: (batch, heads, tokens, frames)"""
        q = split_heads(self.query(self.norm(x)), self.heads)
        scores = q @ keys_values[0].transpose(2, 3) / q.shape[-1] ** 0.5
        return scores.masked_fill(~mask, -torch.inf).softmax(-1)


class GatedFeedForward(nn.Module):
    """x + out(silu(gate) * value), where (value, gate) = inner(norm(x))"""

    def __init__(self, dim: int, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(dim, bias=False)
        self.inner = Dense(dim, 2 * width)
        self.out = Dense(width, dim)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.inner(self.norm(x)).chunk(2, -1)
        return x + self.out(F.silu(gate) * value)


class DecoderLayer(nn.Module):
    def __init__(self, arch: Architecture):
        super().__init__()
        self.self = SelfAttention(arch.dim, arch.decoder_heads)
        self.cross = CrossAttention(arch.dim, arch.decoder_heads, arch.dim)
        self.ff = GatedFeedForward(arch.dim, arch.feed_forward)


class Decoder(nn.Module):
    def __init__(self, arch: Architecture):
        super().__init__()
        self.arch = arch
        self.embedding = TokenTable(arch.vocabulary, arch.dim)
        self.layers = nn.ModuleList(DecoderLayer(arch) for _ in range(arch.decoder_layers))
        self.norm = nn.LayerNorm(arch.dim, bias=False)

    def forward(
        self, tokens: Tensor, memory: Tensor, counts: Tensor, state: DecoderState | None = None
    ) -> Tensor:
        """-> logits (batch, n, vocabulary) of the token after each.

        tokens: (batch, n), memory: (batch, frames, dim), counts: (batch,) real frames.

        With a state, `tokens` continue those it has seen, and n must be 1 after the first call.
        """
        x = self._run(tokens, memory, counts, state or DecoderState(), {})
        return self.embedding.logits(x)

    def cross_attention(
        self, tokens: Tensor, memory: Tensor, heads: list[tuple[int, int]]
    ) -> Tensor:
        """Weights of some [layer, head] in one recording: (heads, n, frames).

        tokens: (n,), memory: (frames, dim)
        """
        counts = torch.tensor([len(memory)], device=memory.device)
        seen = dict.fromkeys((layer for layer, _ in heads), memory)
        self._run(tokens[None], memory[None], counts, DecoderState(), seen)
        return torch.stack([seen[layer][0, head] for layer, head in heads])

    def _run(
        self,
        tokens: Tensor,
        memory: Tensor,
        counts: Tensor,
        state: DecoderState,
        seen: dict[int, Tensor],
    ) -> Tensor:
        """-> (batch, n, dim) after the last norm; fills `seen` with its layers' cross-attention."""
        arch, n, device = self.arch, tokens.shape[1], tokens.device
        angles = rotary_angles(n, arch.decoder_rotary_dims, arch.rotary_theta, state.tokens, device)
        past = (
            torch.ones(n, n, dtype=torch.bool, device=device).tril()[None, None] if n > 1 else None
        )
        real = (torch.arange(memory.shape[1], device=device) < counts[:, None])[:, None, None]
        if not state.memory:
            state.memory = [layer.cross.keys_values(memory) for layer in self.layers]
            state.own = [[] for _ in self.layers]
        x = self.embedding(tokens)
        for i, layer in enumerate(self.layers):
            x = layer.self(x, past, angles, state.own[i])
            if i in seen:
                seen[i] = layer.cross.weights(x, state.memory[i], real)
            x = layer.ff(layer.cross(x, state.memory[i], real))
        state.tokens += n
        return self.norm(x)


@torch.no_grad()
def greedy(decoder: Decoder, memory: Tensor, counts: Tensor, limits: list[int]) -> list[list[int]]:
    """The likeliest token each time, for a batch, without start and end; at most `limits`."""
    arch, batch, state = decoder.arch, len(limits), DecoderState()
    last = torch.full((batch, 1), arch.start_token, device=memory.device)
    said: list[list[int]] = [[] for _ in limits]
    going = [limit > 0 for limit in limits]
    while any(going):
        last = decoder(last, memory, counts, state)[:, -1:].argmax(-1)
        for i, token in enumerate(last[:, 0].tolist()):
            if not going[i]:
                continue
            if token != arch.end_token:
                said[i].append(token)
            going[i] = token != arch.end_token and len(said[i]) < limits[i]
    return said


def token_limit(samples: int) -> int:
    """The makers' own limit against loops, 6.5 a second, with room for a short recording."""
    return int(samples / 16000 * 6.5) + 8
