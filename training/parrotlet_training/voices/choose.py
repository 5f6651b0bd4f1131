"""The engines, and which of their voices speak."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from ..errors import TrainingError
from .engine import Engine
from .espeak import Espeak
from .flite import Flite
from .piper import Piper
from .rhvoice import RHVoice

ENGINES: tuple[Engine, ...] = (RHVoice(), Piper(), Flite(), Espeak())
NAMED = 6


@dataclass(frozen=True)
class Voice:
    engine: Engine
    voice: str

    @property
    def name(self) -> str:
        return f"{self.engine.name}-{self.voice}"


def find_voices(patterns: list[str], engines: tuple[Engine, ...]) -> list[Voice]:
    """Voices of this machine, in the engines' order: all, or those that a pattern names."""
    found = {engine: [Voice(engine, name) for name in engine.voices()] for engine in engines}
    voices = [voice for group in found.values() for voice in group]
    ways = "".join(f"\n  {e.name}: {e.install}" for e, group in found.items() if not group)
    if not voices:
        raise TrainingError(f"there is no voice on this machine. Install at least one of:{ways}")
    for pattern in patterns:
        if not any(matches(voice, pattern) for voice in voices):
            here = "".join(f"\n  {describe(group)}" for group in found.values() if group)
            more = f"\nNot installed:{ways}" if ways else ""
            raise TrainingError(
                f"--voices {pattern}: no voice is called so. There are:{here}{more}"
            )
    return [v for v in voices if not patterns or any(matches(v, p) for p in patterns)]


def describe(voices: list[Voice]) -> str:
    """Names of an engine's voices, of the first where there are many."""
    names = ", ".join(voice.name for voice in voices[:NAMED])
    return names if len(voices) <= NAMED else f"{names} and {len(voices) - NAMED} others"


def matches(voice: Voice, pattern: str) -> bool:
    """An engine's name, a voice's, or a pattern like `espeak-ng-en-gb*`."""
    return pattern == voice.engine.name or fnmatchcase(voice.name, pattern)


def draw_voice(rng: np.random.Generator, voices: list[Voice]) -> Voice:
    """An engine by its share, then any of its voices: many voices do not make an engine frequent."""
    by_engine: dict[str, list[Voice]] = {}
    for voice in voices:
        by_engine.setdefault(voice.engine.name, []).append(voice)
    shares = np.array([group[0].engine.share for group in by_engine.values()])
    group = list(by_engine.values())[rng.choice(len(shares), p=shares / shares.sum())]
    return group[rng.integers(len(group))]
