"""Moonshine models as transformers runs them, offline and streaming, and greedy decoding of both."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import soundfile as sf
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import MoonshineForConditionalGeneration

from streaming_encoder import RATE, WHOLE, Shape, load_encoder

torch.set_num_threads(int(os.environ.get("REFERENCE_THREADS", "1")))
START, END = 1, 2


@dataclass(frozen=True)
class Model:
    encode: Callable  # (samples (n,), chunk in frames) -> memory (frames, dim)
    decoder: torch.nn.Module
    tokenizer: Tokenizer

    def text(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=True)


def from_folder(folder):
    # eager: the only attention that can show its weights
    return MoonshineForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()


def load_offline(folder):
    """Moonshine itself, untouched; `chunk` is ignored."""
    full = from_folder(folder)
    encode = lambda x, chunk=WHOLE: full.model.encoder(x[None])[0][0]
    return Model(encode, full.model.decoder, Tokenizer.from_file(f"{folder}/tokenizer.json"))


def load_streaming(folder, checkpoint):
    """The streaming encoder and decoder of `checkpoint`, in the architecture of `folder`."""
    config = json.loads(Path(folder, "config.json").read_text())
    tensors = load_file(checkpoint)
    encoder = load_encoder(tensors, Shape.from_config(config))
    decoder = from_folder(folder).model.decoder if Path(folder, "model.safetensors").exists() else None
    if decoder is None:
        from transformers import MoonshineConfig

        config = MoonshineConfig(**config, attn_implementation="eager")
        decoder = MoonshineForConditionalGeneration(config).eval().model.decoder
    part = {k[len("decoder.") :]: v.float() for k, v in tensors.items() if k.startswith("decoder.")}
    decoder.load_state_dict(part)
    return Model(encoder, decoder, Tokenizer.from_file(f"{folder}/tokenizer.json"))


def read_audio(path):
    samples, rate = sf.read(path, dtype="float32")
    if rate != RATE or samples.ndim != 1:
        raise ValueError(f"{path}: expected 16 kHz mono, got {rate} Hz, shape {samples.shape}")
    return torch.from_numpy(samples)


def token_limit(samples):
    """The makers' own limit against loops, with room for a short recording."""
    return int(samples / RATE * 6.5) + 8


@torch.no_grad()
def greedy(decoder, memory, limit):
    """-> (tokens without start and end, the smallest lead of a chosen token over the second)."""
    ids, cache, tokens, margin = torch.tensor([[START]]), None, [], float("inf")
    table = decoder.embed_tokens.weight
    for _ in range(limit):
        out = decoder(
            input_ids=ids, encoder_hidden_states=memory[None], past_key_values=cache, use_cache=True
        )
        cache = out.past_key_values
        best = (out.last_hidden_state[0, -1] @ table.T).topk(2)
        margin = min(margin, float(best.values[0] - best.values[1]))
        token = int(best.indices[0])
        if token == END:
            break
        tokens.append(token)
        ids = torch.tensor([[token]])
    return tokens, margin


@torch.no_grad()
def cross_attention(decoder, memory, tokens):
    """Weights of all cross-attention heads while `tokens` are produced: (layers, heads, tokens + 1, frames).

    Row k is the step that reads token k - 1 (the start token for k = 0) and predicts token k; the
    last row predicts the end.
    """
    ids = torch.tensor([[START, *tokens]])
    out = decoder(
        input_ids=ids, encoder_hidden_states=memory[None], output_attentions=True, use_cache=False
    )
    return torch.stack(out.cross_attentions)[:, 0].numpy()
