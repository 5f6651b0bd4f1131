"""The teacher: Moonshine as published, frozen, hearing the whole recording."""

from pathlib import Path

import torch
from torch import Tensor

from .architecture import moonshine_architecture, read_config
from .streaming_model import StreamingModel
from .warm_start import warm_start


def load_teacher(folder: Path) -> StreamingModel:
    """From a Hugging Face folder, tiny or base; in float32, without gradients."""
    model = StreamingModel(moonshine_architecture(read_config(folder)))
    warm_start(model, folder)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def teach(
    teacher: StreamingModel, samples: Tensor, lengths: Tensor, tokens: Tensor
) -> tuple[Tensor, Tensor]:
    """What the student should think: samples (batch, n), tokens (batch, m) from the start token on
    -> memory (batch, frames, dim), logits (batch, m, vocabulary)."""
    memory, counts = teacher.encode(samples, lengths)
    return memory, teacher.decoder(tokens, memory, counts)
