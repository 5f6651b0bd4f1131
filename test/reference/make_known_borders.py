"""Makes test/golden/known-borders: single words of a free synthetic voice with silences between.

usage: make_known_borders.py OUT_FOLDER      needs flite (Debian package `flite`, voice kal16)
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 16000
VOICE = "kal16"
WORDS = "water morning mountain seven river window garden market twenty kitchen winter".split()
SILENCES_MS = (300, 340, 280, 380, 260, 320, 400, 290, 360, 330)
QUIET = 0.01  # of the word's peak: a word lies between its first and last 5 ms louder than this


def synthesize(word, folder):
    path = Path(folder, "word.wav")
    subprocess.run(["flite", "-voice", VOICE, "-t", word, "-o", str(path)], check=True)
    samples, rate = sf.read(path)
    if rate != RATE:
        raise ValueError(f"voice {VOICE}: expected {RATE} Hz, got {rate}")
    return trimmed(samples)


def trimmed(samples):
    block = RATE // 200
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    loud = np.nonzero(np.abs(blocks).max(1) > QUIET * np.abs(samples).max())[0]
    word = samples[loud[0] * block : (loud[-1] + 1) * block].copy()
    fade = np.linspace(0, 1, block)
    word[:block] *= fade  # no clicks at the cuts
    word[-block:] *= fade[::-1]
    return word / np.abs(word).max() * 0.5


def main(out):
    parts, borders, at = [np.zeros(RATE // 4)], [], RATE // 4
    with tempfile.TemporaryDirectory() as folder:
        for word, silence in zip(WORDS, (*SILENCES_MS, 400)):
            samples = synthesize(word, folder)
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
