"""Fills a model from a Moonshine folder, or from a streaming checkpoint."""

from pathlib import Path

import torch

from ..errors import TrainingError
from ..tensor_file import read_tensors
from .names import SCALARS, from_checkpoint, is_learned_scale
from .streaming_model import StreamingModel

STREAMING_MARK = "encoder.e.conv1.weight"
# What may be new in a model: it starts untrained.
ADDED = ("ctc.", ".conv.norm.", ".conv.inner.", ".conv.depthwise", ".conv.out.")


@torch.no_grad()
def warm_start(
    model: StreamingModel, source: Path, kept: tuple[int, ...] | None = None
) -> list[str]:
    """Copies the weights of `source` into the model and returns the names it had none for.

    source: a Hugging Face folder, or the .safetensors file of a streaming checkpoint.
    kept: which decoder layers of the source the model has; None if all.
    """
    path = source / "model.safetensors" if source.is_dir() else source
    tensors, _ = read_tensors(path)
    streaming = STREAMING_MARK in tensors
    missing = []
    for name, target in model.state_dict().items():
        if is_learned_scale(name):
            continue  # of the integers, not of the weights
        tensor = from_checkpoint(name, tensors, streaming=streaming, kept=kept)
        if tensor is None:
            if name not in SCALARS and not any(part in name for part in ADDED):
                raise TrainingError(f"{path} has nothing for {name}: it is another kind of model.")
            missing.append(name)
        elif tensor.numel() != target.numel() or tensor.squeeze().shape != target.squeeze().shape:
            raise TrainingError(
                f"{path}: {name} should be {list(target.shape)}, not {list(tensor.shape)}; "
                "the architecture is that of another config.json."
            )
        else:
            target.copy_(tensor.reshape(target.shape))
    return missing
