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


@dataclass(frozen=True)
class Change:
    points: float  # of word error rate
    low: float  # of the 95 % interval
    high: float

    def __str__(self) -> str:
        return f"{self.points:+.1f} ({self.low:+.1f} to {self.high:+.1f})"


def score(counts: list[tuple[int, int]], draws: int = 2000, seed: int = 1) -> Score:
    """counts: errors and words of each utterance. The interval is of utterances drawn again."""
    percent, rates = drawn_rates(counts, draws, seed)
    low, high = np.quantile(rates, (0.025, 0.975))
    return Score(len(counts), sum(words for _, words in counts), percent, float(low), float(high))


def change(
    counts: list[tuple[int, int]], control: list[tuple[int, int]], draws: int = 2000, seed: int = 1
) -> Change:
    """Of two scores of the same utterances, which are drawn alike: what is hard for both cancels."""
    percent, rates = drawn_rates(counts, draws, seed)
    before, others = drawn_rates(control, draws, seed)
    low, high = np.quantile(rates - others, (0.025, 0.975))
    return Change(percent - before, float(low), float(high))


def drawn_rates(
    counts: list[tuple[int, int]], draws: int, seed: int
) -> tuple[float, np.ndarray]:
    """The word error rate, and (draws,) those of as many utterances drawn with replacement."""
    errors, words = np.array(counts, np.int64).T
    picks = np.random.default_rng(seed).integers(len(counts), size=(draws, len(counts)))
    rates = 100 * errors[picks].sum(1) / np.maximum(words[picks].sum(1), 1)
    return float(100 * errors.sum() / max(int(words.sum()), 1)), rates
