"""Tiny Moonshine models of random weights: small enough for git, and they still say something."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import MoonshineConfig, MoonshineForConditionalGeneration

from streaming_encoder import RENAMED, RENAMED_IN_BLOCK, Shape, StreamingEncoder

VOCABULARY = 64
CONFIG = dict(
    vocab_size=VOCABULARY,
    hidden_size=32,
    intermediate_size=64,
    encoder_num_hidden_layers=2,
    decoder_num_hidden_layers=2,
    encoder_num_attention_heads=4,
    decoder_num_attention_heads=4,
    encoder_num_key_value_heads=4,
    decoder_num_key_value_heads=4,
    rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.75},
    max_position_embeddings=64,
    bos_token_id=1,
    eos_token_id=2,
    decoder_start_token_id=1,
    tie_word_embeddings=True,
)


def waveform(seconds=2.0, rate=16000):
    """Two tones that slide, bursts of noise, and a pause: nothing periodic, nothing silent throughout."""
    noise = np.random.RandomState(7).standard_normal(int(seconds * rate))
    t = np.arange(len(noise)) / rate
    slide = np.sin(2 * np.pi * (180 * t + 220 * t**2)) + 0.5 * np.sin(2 * np.pi * (900 * t - 240 * t**2))
    loudness = np.clip(np.sin(2 * np.pi * 1.7 * t) + 0.4, 0, 1)
    return (0.25 * loudness * slide + 0.02 * (0.2 + loudness) * noise).astype(np.float32)


def fill(name, shape, random):
    """Weights for the tensor `name`, large enough that every part changes the output."""
    x = random.standard_normal(shape).astype(np.float32)
    if "embed_tokens" in name:  # small, or each token would ask for itself again
        x[2] *= 2  # the end comes sooner
        return 0.15 * x
    if name.endswith("bias"):
        return 0.2 * x
    if len(shape) == 1:
        return 1 + 0.2 * x  # a norm
    gain = 4 if "conv1" in name else 2 if "decoder" in name else 1.5
    return gain * x / np.sqrt(np.prod(shape[1:]))


def filled(state, seed):
    random = np.random.RandomState(seed)
    # float16 as the real checkpoints have, so the goldens start from what the file holds
    return {k: torch.from_numpy(fill(k, tuple(state[k].shape), random)).half() for k in sorted(state)}


def tokenizer():
    """Llama's kind: BPE with byte fallback over a few letters, written as Hugging Face does."""
    special = ["<unk>", "<s>", "</s>"]
    octets = [f"<0x{b:02X}>" for b in (0x0A, 0x21, 0x3F, 0xC3, 0xA9, 0xE2, 0x82, 0xAC)]
    letters = ["▁", *"etaoinsrhldcumfpgwybvk", ".", ",", "'"]
    merges = ["▁ t", "h e", "i n", "▁t he", "▁ a", "e r", "o n", "▁ s", "r e", "a n", "▁ w", "e n",
              "a t", "n d", "o r", "▁ c", "o u", "e s", "▁ h", "▁ p", "i s", "a r", "▁ f", "i t",
              "▁ b", "▁a n", "▁ m"]  # fmt: skip
    pieces = special + octets + letters
    pieces += [merge.replace(" ", "") for merge in merges][: VOCABULARY - len(pieces)]
    known = set(pieces)
    replace = lambda a, b: {"type": "Replace", "pattern": {"String": a}, "content": b}
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": s, **flags} for i, s in enumerate(special)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace(" ", "▁")],
        },
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                replace("▁", " "),
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": {piece: i for i, piece in enumerate(pieces)},
            "merges": [m.split(" ") for m in merges if m.replace(" ", "") in known],
        },
    }


def write_architecture(folder):
    folder.mkdir(parents=True, exist_ok=True)
    MoonshineConfig(**CONFIG, architectures=["MoonshineForConditionalGeneration"]).save_pretrained(folder)
    text = json.dumps(tokenizer(), ensure_ascii=False, indent=1)
    Path(folder, "tokenizer.json").write_text(text + "\n", encoding="utf-8")


def write_offline(folder, seed):
    """A Hugging Face folder of Moonshine."""
    write_architecture(folder)
    state = MoonshineForConditionalGeneration(MoonshineConfig(**CONFIG)).state_dict()
    state = {k: v for k, v in state.items() if k.startswith("model.") and "inv_freq" not in k}
    save_file(filled(state, seed), folder / "model.safetensors", {"format": "pt"})


def write_streaming(folder, seed):
    """A checkpoint of the streaming training, and the folder it descends from (without weights)."""
    write_architecture(folder)
    decoder = MoonshineForConditionalGeneration(MoonshineConfig(**CONFIG)).model.decoder.state_dict()
    encoder = StreamingEncoder(Shape.from_config(CONFIG)).state_dict()
    state = {"decoder." + k: v for k, v in decoder.items() if "inv_freq" not in k}
    state |= {"encoder." + checkpoint_name(k): v for k, v in encoder.items()}
    scalars = {"encoder.mu0": 0.02, "encoder.v0": 0.3, "encoder.ps": 0.25}
    weights = filled({k: v for k, v in state.items() if k not in scalars}, seed)
    weights |= {k: torch.full_like(state[k], value).half() for k, value in scalars.items()}
    save_file(weights, folder / "checkpoint.safetensors", {"licence": "none: the weights are random"})


def checkpoint_name(name):
    """The inverse of streaming_encoder.renamed."""
    if name.startswith("blocks."):
        _, index, rest = name.split(".", 2)
        old, new = next(pair for pair in RENAMED_IN_BLOCK if rest.startswith(pair[1]))
        prefix = "conv." if new.startswith("convolution.") else "e.layers."
        return f"{prefix}{index}.{old}{rest[len(new):]}"
    ordered = sorted(RENAMED, key=lambda pair: -len(pair[1]))
    old, new = next(pair for pair in ordered if name.startswith(pair[1]))
    return old + name[len(new) :]
