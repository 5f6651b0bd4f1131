"""What training minimizes."""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor

from .data.batches import IGNORED, Batch
from .errors import TrainingError
from .model.block_outputs import BlockOutputs, block_outputs
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
    watched = block_outputs if settings.blocks else nullcontext
    with (
        torch.autocast(batch.clean.device.type, torch.bfloat16, enabled=bf16),
        watched(teacher) as wanted,
        watched(model) as blocks,
    ):
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
    heard = real & batch.speech[:, None]
    found = {
        "features": feature_distance(memory, target, heard),
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
    if settings.blocks:
        found["blocks"] = block_distance(blocks, wanted, heard, batch.trusted)
    found["total"] = sum(getattr(settings, name) * loss for name, loss in found.items())
    return found


def feature_distance(memory: Tensor, target: Tensor, where: Tensor) -> Tensor:
    """Mean squared distance: two of (batch, frames, dim), where (batch, frames)"""
    square = (memory.float() - target.float()).square().mean(-1)
    return (square * where).sum() / where.sum().clamp_min(1)


def block_distance(
    blocks: BlockOutputs, wanted: BlockOutputs, heard: Tensor, trusted: Tensor
) -> Tensor:
    """Mean over all blocks of their relative_distance from the teacher's.

    heard: (batch, frames), trusted: (batch, tokens)
    """
    if blocks.shapes() != wanted.shapes():
        raise TrainingError(
            "loss.blocks needs a teacher with the student's blocks and frames: it puts out "
            f"{wanted.shapes()}, the student {blocks.shapes()}."
        )
    encoder = [relative_distance(*two, heard) for two in zip(blocks.encoder, wanted.encoder)]
    decoder = [relative_distance(*two, trusted) for two in zip(blocks.decoder, wanted.decoder)]
    return torch.stack(encoder + decoder).mean()


def relative_distance(found: Tensor, target: Tensor, where: Tensor) -> Tensor:
    """Squared distance over the target's variance: two of (batch, n, dim), where (batch, n)

    Few vectors hardly vary: at least a tenth of their mean square is taken.
    """
    found, target = found[where].float(), target[where].float()
    spread = (target - target.mean(0)).square().sum()
    spread = torch.maximum(spread, 0.1 * target.square().sum())
    return (found - target).square().sum() / spread.clamp_min(1e-9)


def divergence(logits: Tensor, teacher: Tensor, where: Tensor, temperature: float) -> Tensor:
    """KL(teacher, student) of the distributions: two of (batch, n, vocabulary), where (batch, n)"""
    student = (logits[where].float() / temperature).log_softmax(-1)
    wanted = (teacher[where].float() / temperature).log_softmax(-1)
    total = F.kl_div(student, wanted, reduction="sum", log_target=True)
    return total * temperature**2 / where.sum().clamp_min(1)
