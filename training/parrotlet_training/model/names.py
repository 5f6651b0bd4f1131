"""What a tensor of the model is called elsewhere: in Moonshine's files, in streaming checkpoints,
and in the model file of docs/model-format.md."""

import torch
from torch import Tensor

QKV = ("q_proj", "k_proj", "v_proj")
CONV_MODULE = {"norm": "ln", "inner": "p1", "depthwise": "dw", "depthwise_norm": "n", "out": "p2"}
BLOCK = {
    "attention.norm": ("input_layernorm",),
    "attention.qkv": tuple(f"self_attn.{part}" for part in QKV),
    "attention.out": ("self_attn.o_proj",),
    "ff.norm": ("post_attention_layernorm",),
    "ff.inner": ("mlp.fc1",),
    "ff.out": ("mlp.fc2",),
}
DECODER_LAYER = {
    "self.norm": ("input_layernorm",),
    "self.qkv": tuple(f"self_attn.{part}" for part in QKV),
    "self.out": ("self_attn.o_proj",),
    "cross.norm": ("post_attention_layernorm",),
    "cross.query": ("encoder_attn.q_proj",),
    "cross.key_value": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "cross.out": ("encoder_attn.o_proj",),
    "ff.norm": ("final_layernorm",),
    "ff.inner": ("mlp.fc1",),
    "ff.out": ("mlp.fc2",),
}
FRONT_AND_ENDS = {
    "frontend.conv.0": "conv1",
    "frontend.conv.1": "conv2",
    "frontend.conv.2": "conv3",
    "frontend.norm": "groupnorm",
    "encoder.norm": "layer_norm",
}
SCALARS = {
    "frontend.norm.prior_mean": ("encoder.mu0",),
    "frontend.norm.prior_variance": ("encoder.v0",),
    "encoder.memory_position_scale": ("encoder.ps",),
}
# What stands beside a rounded matrix, one row for each output.
COMPANIONS = ("scale", "zero")


def checkpoint_names(
    name: str, *, streaming: bool, kept: tuple[int, ...] | None = None
) -> tuple[str, ...]:
    """The tensors that, joined along the outputs, are the model's `name`; () if there is none.

    streaming: names in a streaming checkpoint, else in a Hugging Face folder.
    kept: which of the checkpoint's decoder layers the model's are; all in order if None.
    """
    encoder, decoder = (
        ("encoder.e.", "decoder.") if streaming else ("model.encoder.", "model.decoder.")
    )
    if name in SCALARS:
        return SCALARS[name] if streaming else ()
    module, _, kind = name.rpartition(".")
    if kind in COMPANIONS:
        named = checkpoint_names(module, streaming=streaming, kept=kept)
        return tuple(f"{theirs}.{kind}" for theirs in named)
    if module in FRONT_AND_ENDS:
        return (f"{encoder}{FRONT_AND_ENDS[module]}.{kind}",)
    if module == "decoder.embedding":
        return (f"{decoder}embed_tokens.{kind}",)
    if module == "decoder.norm":
        return (f"{decoder}norm.{kind}",)
    if module.startswith("encoder.layers."):
        _, _, index, part = module.split(".", 3)
        if part.startswith("conv."):
            short = CONV_MODULE[part.removeprefix("conv.")]
            return (f"encoder.conv.{index}.{short}.{kind}",) if streaming else ()
        return tuple(f"{encoder}layers.{index}.{theirs}.{kind}" for theirs in BLOCK[part])
    if module.startswith("decoder.layers."):
        _, _, index, part = module.split(".", 3)
        source = int(index) if kept is None else kept[int(index)]
        return tuple(f"{decoder}layers.{source}.{theirs}.{kind}" for theirs in DECODER_LAYER[part])
    return ()


def streaming_name(published: str) -> str:
    """What a tensor of a Hugging Face folder is called in a streaming checkpoint."""
    return published.replace("model.encoder.", "encoder.e.").replace("model.decoder.", "decoder.")


def added_output(name: str) -> bool:
    """Whether a streaming checkpoint's tensor gives out what an added module has found: at 0 the
    model is what it was before."""
    return f".{CONV_MODULE['out']}." in name


def is_learned_scale(name: str) -> bool:
    """Whether a parameter is a scale or zero that learns, which no checkpoint holds."""
    return name.rpartition(".")[2].startswith("learned_")


def engine_name(name: str) -> str:
    """The tensor's name in a model file."""
    return name.replace(".inner.", ".in.")


def to_checkpoint(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A model's state under the names of a streaming checkpoint; the CTC head stays behind."""
    found: dict[str, Tensor] = {}
    for name, tensor in state.items():
        theirs = checkpoint_names(name, streaming=True)
        for part, piece in zip(theirs, tensor.chunk(len(theirs)) if len(theirs) > 1 else (tensor,)):
            found[part] = piece.detach().float().cpu().contiguous().clone()
    return found


def from_checkpoint(
    name: str, tensors: dict[str, Tensor], *, streaming: bool, kept: tuple[int, ...] | None
) -> Tensor | None:
    """The model's tensor `name` in float32; None if the checkpoint lacks any part of it."""
    theirs = checkpoint_names(name, streaming=streaming, kept=kept)
    if not theirs or any(part not in tensors for part in theirs):
        return None
    pieces = [tensors[part].float() for part in theirs]
    return torch.cat(pieces) if len(pieces) > 1 else pieces[0]
