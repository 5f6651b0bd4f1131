"""Writes test/tools/wer-golden.json with transformers' English normalizer and with jiwer.

With --data it also compares the normalizer of this project with transformers' on every transcript of
the manifest there, and prints the share of texts on which they disagree.

Needs the Python packages transformers and jiwer, and node.
"""

import argparse
import csv
import json
import random
import subprocess
from importlib.metadata import version
from pathlib import Path

import jiwer
from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent.parent / "test" / "tools" / "wer-golden.json"
TEXTS = [
    "Mr. Smith's dog won't bark; it's been ill since the twenty-first.",
    "She'd gone to St. John's, and we're told they'll pay $20 million (or more).",
    "In nineteen eighty four I'd read one hundred and one books, uh, twice!",
    "Call one oh one, or double seven three; it costs two and a half dollars.",
    "TEN PER CENT OF THE THIRTY FIRST REGIMENT MARCHED TWO THOUSAND AND FIVE MILES",
    "The 1960s, the 32nd street, 1,234.5 kilometres at -5 degrees.",
    "Café naïve œuvre, the “curly” quotes — and a dash… 3.14!",
    "[noise] Hmm, we gonna see, y'all? I should've, you shouldn't've.",
    "point five plus minus four is what the sixties asked for",
    "No one is the one; ones and twos, three pounds fifty, five cents.",
    "a hundred and twenty three thousand four hundred and fifty six",
    "It rose 50% per cent in two point oh seven seconds <laughs>.",
    "",
    "...",
]


def words(count, seed):
    return random.Random(seed).choices("the cat sat on a mat and then it ran away".split(), k=count)


def edits(reference, hypothesis):
    if not reference:
        return len(hypothesis.split())
    out = jiwer.process_words(reference, hypothesis)
    return out.substitutions + out.deletions + out.insertions


def compare(texts, normalize):
    """Prints how often the two normalizers differ."""
    program = (
        "import { normalizeEnglish } from './normalize-english.mjs';"
        "import { readFileSync } from 'node:fs';"
        "const texts = JSON.parse(readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(texts.map(normalizeEnglish)));"
    )
    run = subprocess.run(["node", "--input-type=module", "-e", program], cwd=HERE, check=True,
                         input=json.dumps(texts), capture_output=True, text=True)
    ours = json.loads(run.stdout)
    differing = [t for t, o in zip(texts, ours) if normalize(t).strip() != o]
    print(f"{len(texts)} texts, {len(differing)} normalized otherwise")
    for text in differing[:20]:
        print("  ", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with manifest.tsv")
    data = parser.parse_args().data
    normalize = EnglishTextNormalizer({})
    if data:
        with open(data / "manifest.tsv", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            compare([row["text"] for row in rows], normalize)
    pairs = [(words(n, n), words(m, 100 + m)) for n in (1, 4, 9, 25) for m in (0, 1, 8, 30)]
    pairs = [(" ".join(a), " ".join(b)) for a, b in pairs]
    golden = {
        "made": "python tools/accuracy/make_golden.py, "
        f"transformers {version('transformers')}, jiwer {version('jiwer')}",
        "normalized": [[text, normalize(text).strip()] for text in TEXTS],
        "edits": [[a, b, edits(a, b)] for a, b in pairs],
    }
    GOLDEN.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
