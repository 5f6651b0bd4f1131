"""What is said, by whom and how: an endless plan, in which every line depends on the seed alone."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from ..model.front_end import SAMPLE_RATE
from ..voices.choose import Voice, draw_voice
from ..voices.engine import VoiceError
from .clip import resample
from .sound import gain, level
from .targets import plain

SEMITONES = 3  # up or down at most
TEMPOS = (0.75, 1.15)  # of the voice's own, which is faster than most people read
DECIBELS = (-32.0, -16.0)  # of full scale, root mean square
PEAK = 0.95
SILENT = 1e-4


@dataclass(frozen=True)
class Line:
    text: str  # in capitals
    voice: Voice
    semitones: int  # of pitch and formants together: each step is another speaker
    tempo: float
    decibels: float

    @property
    def speaker(self) -> str:
        return f"{self.voice.name}{self.semitones:+d}"

    @property
    def path(self) -> str:
        """Named by all that makes it, so that what is there need not be made again."""
        made_of = f"{self.text}\t{self.speaker}\t{self.tempo}\t{self.decibels}"
        return f"{self.voice.name}/{hashlib.sha256(made_of.encode()).hexdigest()[:16]}.flac"

    def speak(self) -> np.ndarray:
        """float32 (samples,) at 16 kHz"""
        shift = 2 ** (self.semitones / 12)
        text = plain(self.text.lower().split())  # capitals would be spelled out
        samples, rate = self.voice.engine.speak(text, self.voice.voice, self.tempo / shift)
        if len(samples) == 0 or level(samples) < SILENT:
            raise VoiceError("silence")
        samples = resample(samples.astype(np.float32), shift * rate / SAMPLE_RATE)
        samples = gain(samples, self.decibels) / level(samples)
        return samples * np.float32(min(1.0, PEAK / np.abs(samples).max()))


def plan_lines(texts: list[str], voices: list[Voice], seed: int) -> Iterator[Line]:
    """All texts in a random order, then all in another order and by other voices, and so on."""
    for turn in count():
        order = np.random.default_rng((seed, turn)).permutation(len(texts))
        for number, chosen in enumerate(order):
            rng = np.random.default_rng((seed, turn, number))
            yield Line(
                text=texts[chosen],
                voice=draw_voice(rng, voices),
                semitones=int(rng.integers(-SEMITONES, SEMITONES + 1)),
                tempo=round(float(rng.uniform(*TEMPOS)), 3),
                decibels=round(float(rng.uniform(*DECIBELS)), 1),
            )
