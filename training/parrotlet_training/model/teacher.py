"""The teacher, frozen: Moonshine as published, hearing the whole recording, or a streaming model."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from .architecture import WHOLE, Architecture, moonshine_architecture, read_config
from .streaming_model import StreamingModel
from .warm_start import warm_start


def load_teacher(folder: Path) -> StreamingModel:
    """From a Hugging Face folder, tiny or base; in float32, without gradients."""
    model = StreamingModel(moonshine_architecture(read_config(folder)))
    warm_start(model, folder)
    return model.eval().requires_grad_(False)


def load_streaming(checkpoint: Path, arch: Architecture) -> StreamingModel:
    """From a streaming checkpoint of that architecture; a CTC head is left out."""
    model = StreamingModel(replace(arch, ctc=False))
    warm_start(model, checkpoint)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def teach(
    teacher: StreamingModel, samples: Tensor, lengths: Tensor, tokens: Tensor, chunk: int = WHOLE
) -> tuple[Tensor, Tensor]:
    """What the student should think: samples (batch, n), tokens (batch, m) from the start token on
    -> memory (batch, frames, dim), logits (batch, m, vocabulary).

    chunk: the student's; a teacher of full span hears everything all the same.
    """
    memory, counts = teacher.encode(samples, lengths, chunk)
    return memory, teacher.decoder(tokens, memory, counts)
