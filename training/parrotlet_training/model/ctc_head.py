"""Letters read off the encoder's output: a second loss that keeps words where they are spoken."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLANK = 0
LETTERS = " abcdefghijklmnopqrstuvwxyz'"
LABELS = 1 + len(LETTERS)


def letter_labels(text: str) -> list[int]:
    """Labels of the letters of `text`; all else is left out, and words are one space apart."""
    kept = "".join(
        c if c in LETTERS else " " if c.isspace() or c == "-" else "" for c in text.lower()
    )
    return [1 + LETTERS.index(c) for c in " ".join(kept.split())]


class CtcHead(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, LABELS)

    def forward(self, memory: Tensor) -> Tensor:
        """(batch, frames, dim) -> logits (batch, frames, labels)"""
        return self.proj(memory)


def ctc_loss(logits: Tensor, counts: Tensor, labels: list[list[int]]) -> Tensor:
    """Mean over the frames, so that silence weighs no more than speech.

    logits: (batch, frames, labels), counts: (batch,) real frames, labels: of each recording.
    Recordings too short for their letters count 0.
    """
    lengths = torch.tensor([len(row) for row in labels], device=logits.device)
    flat = torch.tensor([x for row in labels for x in row], dtype=torch.long, device=logits.device)
    scores = logits.float().log_softmax(-1).transpose(0, 1)
    total = F.ctc_loss(scores, flat, counts, lengths, BLANK, reduction="sum", zero_infinity=True)
    return total / counts.sum()
