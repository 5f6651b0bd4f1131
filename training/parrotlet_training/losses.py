"""What training minimizes."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .data.batches import IGNORED, Batch
from .model.ctc_head import ctc_loss
from .model.encoder import halve
from .model.front_end import frame_count
from .model.streaming_model import StreamingModel
from .model.teacher import teach
from .settings import LossSettings


def losses(
    model: StreamingModel,
    teacher: StreamingModel,
    batch: Batch,
    chunk: int,
    settings: LossSettings,
    bf16: bool,
) -> dict[str, Tensor]:
    """Each loss by its name in LossSettings, and their weighted sum as `total`."""
    with torch.autocast(batch.clean.device.type, torch.bfloat16, enabled=bf16):
        target, teacher_logits = teach(
            teacher, batch.clean, batch.lengths, batch.tokens, chunk
        )
        keep = batch.keep_frames * batch.keep_channels
        memory, counts = model.encode(batch.heard, batch.lengths, chunk, keep)
        if model.arch.half_rate_from and not teacher.arch.half_rate_from:
            target, _ = halve(target, frame_count(batch.lengths))
        logits = model.decoder(batch.tokens, memory, counts)
        letters = model.ctc(memory) if model.ctc else None
    real = torch.arange(memory.shape[1], device=counts.device) < counts[:, None]
    found = {
        "features": feature_distance(memory, target, real & batch.speech[:, None]),
        "distill": divergence(logits, teacher_logits, batch.trusted, settings.temperature),
        "tokens": F.cross_entropy(
            logits.float().flatten(0, 1),
            batch.labels.flatten(),
            ignore_index=IGNORED,
            label_smoothing=settings.smoothing,
        ),
    }
    if letters is not None:
        found["ctc"] = ctc_loss(letters, counts, batch.letters)
    found["total"] = sum(getattr(settings, name) * loss for name, loss in found.items())
    return found


def feature_distance(memory: Tensor, target: Tensor, where: Tensor) -> Tensor:
    """Mean squared distance: two of (batch, frames, dim), where (batch, frames)"""
    square = (memory.float() - target.float()).square().mean(-1)
    return (square * where).sum() / where.sum().clamp_min(1)


def divergence(logits: Tensor, teacher: Tensor, where: Tensor, temperature: float) -> Tensor:
    """KL(teacher, student) of the distributions: two of (batch, n, vocabulary), where (batch, n)"""
    student = (logits[where].float() / temperature).log_softmax(-1)
    wanted = (teacher[where].float() / temperature).log_softmax(-1)
    total = F.kl_div(student, wanted, reduction="sum", log_target=True)
    return total * temperature**2 / where.sum().clamp_min(1)
