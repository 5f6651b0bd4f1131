"""Texts to be spoken: the last column of a tab-separated file, plain or gzipped."""

import gzip
import re
import zlib
from pathlib import Path

from ..errors import TrainingError

CHARACTERS_PER_SECOND = 14.5  # LibriSpeech, spaces included
SAID = re.compile(r"[A-Z' ]+")
PUNCTUATION = re.compile(r'[.,;:!?"“”()\[\]_—–-]+')
GZIP = b"\x1f\x8b"


def read_texts(path: Path, shortest: float, longest: float) -> list[str]:
    """Those that take about `shortest` to `longest` seconds to say, in capitals, each once.

    Texts with figures and other signs are left out: there are several ways to read them aloud.
    """
    lines = [line.split("\t") for line in read_lines(path) if line.strip()]
    if not lines or min(map(len, lines)) < 2:
        raise TrainingError(
            f"{path} is no list of texts: expected lines of columns with tabs between them, the "
            "last of which is the text."
        )
    said = dict.fromkeys(capitals(line[-1]) for line in lines)
    fitting = [text for text in said if text and shortest <= likely_seconds(text) <= longest]
    if not fitting:
        raise TrainingError(
            f"{path}: none of {len(lines)} texts is of plain words that take {shortest:g} to "
            f"{longest:g} s to say."
        )
    return fitting


def read_lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if content[:2] == GZIP else content).decode().splitlines()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise TrainingError(f"--texts {path} cannot be read: {error}.") from None


def capitals(text: str) -> str:
    """The words as a manifest has them; "" where the text has anything but words."""
    plain = PUNCTUATION.sub(" ", text.replace("’", "'").upper())
    words = " ".join(word for word in plain.split() if word.strip("'"))
    return words if SAID.fullmatch(words) else ""


def likely_seconds(text: str) -> float:
    return len(text) / CHARACTERS_PER_SECOND
