"""Makes test/golden/known-borders: single words of a free synthetic voice with silences between.

usage: make_known_borders.py OUT_FOLDER      needs flite (Debian package `flite`, voice kal16)
"""

import json
import sys
from pathlib import Path

import numpy as np
import soundfile as sf

from spoken_words import RATE, speak

VOICE = "kal16"
WORDS = (
    "animal london yellow general family office breakfast station twenty together another".split()
)
SILENCES_MS = (300, 340, 280, 380, 260, 320, 400, 290, 360, 330)
QUIET = 0.01  # of the word's peak: a word lies between its first and last 5 ms louder than this


def synthesize(word):
    """From the word's first phone to its last; what the voice breathes around them is dropped."""
    samples, phones = speak(VOICE, word)
    samples = samples[round(phones[0][1] * RATE) : round(phones[-1][2] * RATE)]
    block = RATE // 200
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    loud = np.nonzero(np.abs(blocks).max(1) > QUIET * np.abs(samples).max())[0]
    word = samples[loud[0] * block : (loud[-1] + 1) * block].astype(np.float64)
    fade = np.linspace(0, 1, block)
    word[:block] *= fade  # no clicks at the cuts
    word[-block:] *= fade[::-1]
    return word / np.abs(word).max() * 0.5


def main(out):
    parts, borders, at = [np.zeros(RATE // 4)], [], RATE // 4
    for word, silence in zip(WORDS, (*SILENCES_MS, 400)):
        samples = synthesize(word)
        end = at + len(samples)
        borders.append({"word": word, "start": round(at / RATE, 4), "end": round(end / RATE, 4)})
        parts += [samples, np.zeros(silence * RATE // 1000)]
        at = end + silence * RATE // 1000
    out.mkdir(parents=True, exist_ok=True)
    sf.write(out / "words.wav", np.concatenate(parts), RATE, subtype="PCM_16")
    lines = ",\n".join("  " + json.dumps(border) for border in borders)
    (out / "borders.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
