"""Word error rates with what chance may make of them."""

from dataclasses import dataclass

import numpy as np

from .words import normalized_words, word_errors


@dataclass(frozen=True)
class Score:
    utterances: int
    words: int
    percent: float
    low: float  # of the 95 % interval
    high: float

    def __str__(self) -> str:
        return f"{self.percent:.2f} % ({self.low:.2f} to {self.high:.2f})"


def count_errors(hypothesis: str, reference: str) -> tuple[int, int]:
    """-> errors, words of the reference; after normalization"""
    wanted = normalized_words(reference)
    return word_errors(normalized_words(hypothesis), wanted), len(wanted)


def score(counts: list[tuple[int, int]], draws: int = 2000, seed: int = 1) -> Score:
    """counts: errors and words of each utterance. The interval is of utterances drawn again."""
    errors, words = np.array(counts, np.int64).T
    rng = np.random.default_rng(seed)
    picks = rng.integers(len(counts), size=(draws, len(counts)))
    rates = 100 * errors[picks].sum(1) / np.maximum(words[picks].sum(1), 1)
    low, high = np.quantile(rates, (0.025, 0.975))
    percent = 100 * errors.sum() / max(int(words.sum()), 1)
    return Score(len(counts), int(words.sum()), float(percent), float(low), float(high))
