"""Which cross-attention heads follow time, and how well word times can be read off them.

usage: alignment_study.py --models FOLDER --text FILE [--recordings 88]
  --models  has moonshine-tiny-en/ and streaming-trial.safetensors
  --text    lines of English words to speak
Needs flite. Every recording is synthetic, so its word borders are known. Only words that the model
recognized count. Constant shifts are fitted on the odd recordings, errors are of the even ones.
"""

import argparse
import difflib
import re
from pathlib import Path

import numpy as np
import torch
import transformers

import moonshine
from spoken_words import VOICES, Maker
from streaming_encoder import WHOLE

FRAME = 0.024  # seconds
START_HEADS = ((4, 6), (3, 6), (4, 3), (4, 7))
END_HEADS = ((3, 1),)
REFINE = 4  # frames on either side of a peak


def words_of(tokens):
    """[(text, indices of its tokens)] from pieces; a word begins with the piece's `▁`."""
    words = []
    for i, token in enumerate(tokens):
        if token.startswith("▁") or not words:
            words.append(("", []))
        text, indices = words[-1]
        words[-1] = text + token.replace("▁", ""), [*indices, i]
    return words


def bare(word):
    return re.sub(r"[^a-z0-9']", "", word.lower())


def recognized(recording, words):
    """Pairs (index in words, index in recording.words) of words that were recognized."""
    heard, said = [bare(w) for w, _ in words], [bare(w) for w, _, _ in recording.words]
    for a, b, size in difflib.SequenceMatcher(None, heard, said, False).get_matching_blocks():
        yield from zip(range(a, a + size), range(b, b + size))


def spoken_tokens(tokens, indices):
    """Without tokens of punctuation only."""
    return [i for i in indices if any(c.isalnum() for c in tokens[i])] or indices


class Sample:
    """One recording through one model: the attention of every step, and what was really said when."""

    def __init__(self, model, chunk, recording, odd):
        samples = torch.from_numpy(recording.samples)
        with torch.no_grad():
            memory = model.encode(samples, chunk)
        ids, _ = moonshine.greedy(model.decoder, memory, moonshine.token_limit(len(samples)))
        self.attention = moonshine.cross_attention(model.decoder, memory, ids)
        tokens = [model.tokenizer.id_to_token(i) for i in ids]
        words = words_of(tokens)
        self.kind, self.odd, self.words = recording.kind, odd, []
        for heard, said in recognized(recording, words):
            rows = spoken_tokens(tokens, words[heard][1])
            self.words.append((rows[0], rows[-1], *recording.words[said][1:]))

    def mean(self, heads):
        return np.mean([self.attention[layer, head] for layer, head in heads], 0)


def monotone_peaks(weights):
    """Frames p_0 <= p_1 <= ... that maximise the sum of weights[k, p_k]."""
    best, back = weights[0], []
    frames = np.arange(len(best))
    for row in weights[1:]:
        highest = np.maximum.accumulate(best)
        back.append(np.maximum.accumulate(np.where(best >= highest, frames, 0)))
        best = highest + row
    path = [int(best.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return np.array(path[::-1])


def refined(weights, path, reach=REFINE):
    """The weighted mean around every peak, in frames."""
    centres = []
    for row, peak in zip(weights, path):
        near = np.arange(max(0, peak - reach), min(len(row), peak + reach + 1))
        centres.append((near * row[near]).sum() / max(row[near].sum(), 1e-9))
    return np.array(centres)


def by_peaks(sample, start_heads=START_HEADS, end_heads=END_HEADS):
    """Start: the peak of the step that predicts the word's first token. End: that of the step after
    its last token, where the end head looks back at what was just said."""
    starts, ends = (refined(w, monotone_peaks(w)) for w in map(sample.mean, (start_heads, end_heads)))
    return [(starts[a] * FRAME, ends[b + 1] * FRAME) for a, b, _, _ in sample.words]


def by_argmax(sample):
    starts, ends = (sample.mean(heads).argmax(1) for heads in (START_HEADS[:1], END_HEADS))
    return [(starts[a] * FRAME, ends[b + 1] * FRAME) for a, b, _, _ in sample.words]


def by_warping(sample, heads):
    """Dynamic time warping of the averaged weights; a word ends where the next token begins."""
    first = warped(sample.mean(heads))
    return [(first[a] * FRAME, first[b + 1] * FRAME) for a, b, _, _ in sample.words]


def warped(weights):
    """First frame of every row on the monotone path of greatest weight; steps right, down, diagonal."""
    rows, frames = weights.shape
    best = np.cumsum(weights[0])
    back = []
    for row in weights[1:]:
        diagonal = np.concatenate(([False], best[:-1] >= best[1:]))
        arrive = np.where(diagonal, np.concatenate(([-np.inf], best[:-1])), best)
        total = np.cumsum(row)
        gain = arrive - np.concatenate(([0], total[:-1]))
        highest = np.maximum.accumulate(gain)
        back.append((np.maximum.accumulate(np.where(gain >= highest, np.arange(frames), 0)), diagonal))
        best = highest + total
    at, first = frames - 1, [0] * rows
    for k in range(rows - 1, 0, -1):
        entered, diagonal = back[k - 1]
        first[k] = entered[at]
        at = first[k] - 1 if diagonal[first[k]] else first[k]
    return np.array(first)


def errors(samples, estimate):
    """-> (errors of starts, errors of ends, is a single word, fitted shifts), of the even recordings."""
    rows = []
    for sample in samples:
        for (start, end), (_, _, true_start, true_end) in zip(estimate(sample), sample.words):
            rows.append((start - true_start, end - true_end, sample.kind == "words", sample.odd))
    rows = np.array(rows)
    shifts = np.median(rows[rows[:, 3] == 1, :2], 0)
    even = rows[rows[:, 3] == 0]
    return *(np.abs(even[:, :2] - shifts).T), even[:, 2] == 1, -shifts


def report(name, samples, estimate):
    start, end, single, shifts = errors(samples, estimate)
    ms = lambda x: f"{1000 * x:5.0f}"
    figures = [f(e) for f in (np.mean, lambda e: np.quantile(e, 0.95)) for e in (start, end)]
    figures += [start[single].mean(), end[single].mean()]
    print(f"  {name:44}" + " ".join(map(ms, figures)), "  shifts " + " ".join(f"{s:+.3f}" for s in shifts))


def head_table(samples):
    """Single heads by the spread of their peaks around word starts and word ends."""
    layers, heads = samples[0].attention.shape[:2]
    rows = []
    for head in np.ndindex(layers, heads):
        start, end, *_ = errors(samples, lambda s: by_peaks(s, (head,), (head,)))
        rows.append((head, start.mean(), end.mean()))
    for what, column in (("start", 1), ("end", 2)):
        best = sorted(rows, key=lambda row: row[column])[:8]
        print(f"  best heads for the {what}: " + ", ".join(f"{row[0]} {1000 * row[column]:.0f}" for row in best))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--recordings", type=int, default=88)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    maker, recordings = Maker(args.text.read_text().splitlines()), []
    for i in range(args.recordings):
        voice, group = VOICES[i % len(VOICES)], i // len(VOICES)
        make = maker.words if group % 5 == 4 else lambda v: maker.sentences(v, 1 + group % 2)
        recordings.append(make(voice))
    folder, trial = args.models / "moonshine-tiny-en", args.models / "streaming-trial.safetensors"
    for name, model, chunk in (
        ("Moonshine tiny", moonshine.load_offline(folder), WHOLE),
        ("streaming trial, chunks of 27", moonshine.load_streaming(folder, trial), 27),
    ):
        samples = [Sample(model, chunk, r, (i // len(VOICES)) % 2) for i, r in enumerate(recordings)]
        print(f"{name}: {sum(len(s.words) for s in samples)} words; mean absolute error in ms")
        print(f"  {'':44}start   end  p95 s  p95 e  single words")
        report("monotone peaks, refined", samples, by_peaks)
        report("plain peaks of one start and one end head", samples, by_argmax)
        for count in (4, 6, 8):
            heads = ((4, 3), (3, 6), (4, 7), (4, 6), (3, 0), (3, 5), (5, 6), (5, 7))[:count]
            report(f"time warping of {count} heads", samples, lambda s: by_warping(s, heads))
        head_table(samples)


if __name__ == "__main__":
    main()
