"""From recordings to text, in batches of like length."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from .errors import TrainingError
from .model.architecture import WHOLE
from .model.decoder import greedy, token_limit
from .model.front_end import FIRST_FRAME
from .model.streaming_model import StreamingModel


def load_tokenizer(folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    if not path.exists():
        raise TrainingError(
            f"{path} is missing: the base must be a Hugging Face folder of Moonshine."
        )
    return Tokenizer.from_file(str(path))


def padded(recordings: list[np.ndarray]) -> tuple[Tensor, Tensor]:
    """-> samples (batch, n), lengths (batch,); each at least one frame long"""
    lengths = [max(len(samples), FIRST_FRAME) for samples in recordings]
    batch = torch.zeros(len(recordings), max(lengths))
    for i, samples in enumerate(recordings):
        batch[i, : len(samples)] = torch.from_numpy(samples)
    return batch, torch.tensor(lengths)


def by_length(seconds: list[float], budget: float) -> Iterator[list[int]]:
    """Indices in batches of like length, of at most `budget` seconds with padding."""
    batch: list[int] = []
    for i in sorted(range(len(seconds)), key=lambda i: seconds[i]):
        if batch and seconds[i] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


@torch.no_grad()
def transcribe(
    model: StreamingModel, tokenizer: Tokenizer, recordings: list[np.ndarray], chunk: int = WHOLE
) -> list[str]:
    """The likeliest text of a batch of recordings, each (samples,) at 16 kHz."""
    samples, lengths = padded(recordings)
    device = next(model.parameters()).device
    memory, counts = model.encode(samples.to(device), lengths.to(device), chunk)
    limits = [token_limit(len(recording)) for recording in recordings]
    rows = greedy(model.decoder, memory, counts, limits)
    return [tokenizer.decode(row, skip_special_tokens=True).strip() for row in rows]
