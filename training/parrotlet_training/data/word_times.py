"""When each token is spoken, from the teacher's cross-attention."""

import numpy as np

from ..model.front_end import FIRST_FRAME, FRAME_SECONDS, SAMPLE_RATE

REACH = 4  # frames around a peak that refine it
WINDOW_CENTRE = FIRST_FRAME / 2 / SAMPLE_RATE  # seconds from a frame's first sample to its middle


def monotone_peaks(weights: np.ndarray) -> np.ndarray:
    """The frames p_0 <= p_1 <= ... whose weights sum to the most. weights: (tokens, frames)"""
    tokens, frames = weights.shape
    best = weights[0].astype(np.float64)
    origins = np.zeros((tokens, frames), np.int64)
    for k in range(1, tokens):
        # The best place so far at or before each frame, the earliest of equals.
        highest = np.maximum.accumulate(best)
        first = np.concatenate(([True], best[1:] > highest[:-1]))
        origins[k] = np.maximum.accumulate(np.where(first, np.arange(frames), 0))
        best = highest + weights[k]
    path = np.empty(tokens, np.int64)
    path[-1] = best.argmax()
    for k in range(tokens - 1, 0, -1):
        path[k - 1] = origins[k, path[k]]
    return path


def token_times(attention: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seconds at which tokens begin and end, each (tokens,).

    attention: (heads, tokens + 1, frames); row k predicts token k, the last row the end. The last
    head looks at the end of the token before, the others at the beginning of the one to come.
    """
    starts = _seconds(attention[:-1].mean(0))[:-1]
    ends = _seconds(attention[-1])[1:]
    return starts, np.maximum(ends, starts)


def last_spoken(pieces: list[str]) -> int:
    """Index of a word's last token that is more than punctuation; a comma is heard late."""
    spoken = [i for i, piece in enumerate(pieces) if any(c.isalnum() for c in piece)]
    return spoken[-1] if spoken else len(pieces) - 1


def _seconds(weights: np.ndarray) -> np.ndarray:
    centres = []
    for row, peak in zip(weights, monotone_peaks(weights)):
        near = np.arange(max(0, peak - REACH), min(len(row), peak + REACH + 1))
        centres.append((near * row[near]).sum() / max(row[near].sum(), 1e-9))
    return np.array(centres) * FRAME_SECONDS + WINDOW_CENTRE
