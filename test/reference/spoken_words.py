"""Recordings of free synthetic voices whose word borders are known to the millisecond (needs flite)."""

import random
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 16000
VOICES = ("slt", "rms", "awb", "kal16")
SINGLE_WORDS = (
    "water people morning window garden mother father river summer children letter paper number "
    "question answer music picture story doctor market station bridge village table kitchen happy "
    "yellow orange green seven eleven twenty hundred monday friday january winter country city island "
    "mountain"
).split()
NOISE = 10**-3.2  # a floor of -64 dB under everything: digital silence is no real pause


@dataclass
class Recording:
    kind: str  # sentences | words
    samples: np.ndarray
    words: list  # (word, start, end) in seconds


def speak(voice, text):
    """-> (samples, [(phone, start, end)]); pauses are left out of the phones."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speech.wav")
        command = ["flite", "-voice", voice, "-t", text, "-psdur", "-o", str(path)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        samples, rate = sf.read(path, dtype="float32")
    if rate != RATE:
        raise ValueError(f"voice {voice}: expected {RATE} Hz, got {rate}")
    phones, start = [], 0.0
    for item in told.split():
        phone, end = item.rsplit(":", 1)
        if phone != "pau":
            phones.append((phone, start, float(end)))
        start = float(end)
    return samples, phones


def speak_sentence(voice, words):
    """-> (samples, borders), or None where the phones of the words do not make up the sentence's."""
    samples, phones = speak(voice, " ".join(words))
    borders, at = [], 0
    for word in words:
        alone = [phone for phone, _, _ in speak(voice, word)[1]]
        here = phones[at : at + len(alone)]
        # one phone may differ: "the" before a vowel
        if len(here) < len(alone) or sum(a != b[0] for a, b in zip(alone, here)) > 1:
            return None
        borders.append((word, here[0][1], here[-1][2]))
        at += len(alone)
    return (samples, borders) if at == len(phones) else None


class Maker:
    def __init__(self, lines, seed=3):
        self.lines = lines  # of text to speak
        self.random = random.Random(seed)
        self.noise = np.random.default_rng(seed)

    def _finish(self, kind, parts):
        """parts: (silence before in seconds, samples, borders)"""
        pieces, words, at = [], [], 0.0
        for silence, samples, borders in parts:
            pieces += [np.zeros(round(silence * RATE)), samples]
            at += len(pieces[-2]) / RATE
            words += [(word, start + at, end + at) for word, start, end in borders]
            at += len(samples) / RATE
        x = np.concatenate(pieces)
        x = x + self.noise.standard_normal(len(x)) * NOISE
        return Recording(kind, x.astype(np.float32), words)

    def sentences(self, voice, count):
        """`count` pieces of text of 5 to 11 words with silences between."""
        parts = []
        while len(parts) < count:
            words = self.random.choice(self.lines).lower().split()
            length = self.random.randint(5, 11)
            first = self.random.randint(0, max(0, len(words) - length))
            spoken = speak_sentence(voice, words[first : first + length])
            if spoken:
                parts.append((self.random.uniform(0.2, 1.0) if parts else 0.0, *spoken))
        return self._finish("sentences", parts)

    def words(self, voice, count=8):
        """Single words, 250 to 500 ms apart."""
        parts = []
        for word in self.random.sample(SINGLE_WORDS, count):
            samples, phones = speak(voice, word)
            first, last = phones[0][1] - 0.02, phones[-1][2] + 0.03
            cut = samples[int(first * RATE) : int(last * RATE)]
            borders = [(word, 0.02, 0.02 + phones[-1][2] - phones[0][1])]
            parts.append((self.random.uniform(0.25, 0.5), cut, borders))
        return self._finish("words", parts)
