"""A piece of audio with its words, and what changes its time: speed, cuts, joins, ends."""

from dataclasses import dataclass, replace

import numpy as np

from ..model.front_end import SAMPLE_RATE


@dataclass(frozen=True)
class Word:
    text: str
    tokens: tuple[int, ...]
    start: float  # seconds; NaN where times are unknown
    end: float
    agreed: bool  # the teacher heard it too, so its distribution is worth learning

    def moved(self, seconds: float) -> "Word":
        return replace(self, start=self.start + seconds, end=self.end + seconds)


@dataclass(frozen=True)
class Clip:
    samples: np.ndarray  # float32 (n,)
    words: tuple[Word, ...]
    whole_end: bool = True  # false: cut off while someone was speaking

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @property
    def timed(self) -> bool:
        return all(word.start == word.start for word in self.words)


def change_speed(clip: Clip, factor: float) -> Clip:
    """Faster (above 1) or slower, the pitch with it."""
    words = tuple(replace(w, start=w.start / factor, end=w.end / factor) for w in clip.words)
    return replace(clip, samples=resample(clip.samples, factor), words=words)


def resample(samples: np.ndarray, factor: float, reach: int = 12) -> np.ndarray:
    """Takes every factor-th sample, between samples by a windowed sinc. -> (n / factor,)"""
    at = np.arange(int(len(samples) / factor)) * factor
    near = np.floor(at).astype(np.int64)
    part = (at - near).astype(np.float32)
    cutoff = np.float32(min(1.0, 1.0 / factor))
    padded = np.pad(samples, reach)
    out = np.zeros(len(at), np.float32)
    for tap in range(1 - reach, reach + 1):
        distance = part - tap
        window = np.cos(np.pi / 2 * distance / reach) ** 2
        out += padded[near + tap + reach] * (cutoff * np.sinc(cutoff * distance) * window)
    return out


def cut_end(clip: Clip, word: int, part: float) -> Clip:
    """Ends `part` of the way through a word, which nobody shall guess: it is no longer a target."""
    w = clip.words[word]
    end = int((w.start + part * (w.end - w.start)) * SAMPLE_RATE)
    return Clip(clip.samples[: max(end, 1)], clip.words[:word], whole_end=False)


def cut_start(clip: Clip, word: int, part: float) -> Clip:
    """Begins `part` of the way through a word, which nobody can hear any more."""
    w = clip.words[word]
    begin = max(0, int((w.start + part * (w.end - w.start)) * SAMPLE_RATE))
    words = tuple(later.moved(-begin / SAMPLE_RATE) for later in clip.words[word + 1 :])
    return Clip(clip.samples[begin:], words, clip.whole_end)


def join(clips: list[Clip], gaps: list[np.ndarray]) -> Clip:
    """One after another with gaps[i] between clips i and i + 1."""
    pieces, words, at = [], [], 0
    for i, clip in enumerate(clips):
        words += [word.moved(at / SAMPLE_RATE) for word in clip.words]
        pieces += [clip.samples, *gaps[i : i + 1]]
        at += len(clip.samples) + (len(gaps[i]) if i < len(gaps) else 0)
    return Clip(np.concatenate(pieces), tuple(words), clips[-1].whole_end)


def add_ends(clip: Clip, before: np.ndarray, after: np.ndarray) -> Clip:
    """Something that is no speech at both ends."""
    samples = np.concatenate((before, clip.samples, after))
    words = tuple(word.moved(len(before) / SAMPLE_RATE) for word in clip.words)
    return replace(clip, samples=samples, words=words)
