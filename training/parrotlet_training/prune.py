"""`prune`: leaves out of a base's token table what a language does not need; same words, fewer rows."""

import argparse
import json
import re
import shutil
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import torch
from tokenizers import Tokenizer

from .data.audio_cache import write_atomically
from .errors import TrainingError
from .model.architecture import read_config
from .recognize import load_tokenizer
from .tensor_file import read_tensors, write_tensors

TABLE = "decoder.embed_tokens.weight"
# Pieces of these alone stay: numbers and the punctuation of sentences.
SIGNS = re.compile(r"▁*[0-9.,?!'\"$%&:;()-]*")
BYTE = re.compile(r"<0x[0-9A-F]{2}>")
WORD = re.compile(r"[A-Za-z][A-Za-z'.-]*")
ABBREVIATION = 4  # letters at most; such words are kept in capitals too


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", type=Path, required=True, help="Hugging Face folder of Moonshine")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, a base again")
    parser.add_argument(
        "--texts", type=Path, nargs="*", default=[], help="files whose words must stay whole"
    )
    parser.add_argument(
        "--words", type=int, default=0, help="so many words of English, by frequency (wordfreq)"
    )
    parser.add_argument(
        "--start", type=Path, help="a streaming checkpoint to prune as well, into the same folder"
    )
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> None:
    words = common_words(options.words)
    for path in options.texts:
        words.update(WORD.findall(path.read_text(encoding="utf-8")))
    if not words:
        raise TrainingError("no words to keep: name --texts or give a number of --words.")
    document = json.loads((options.base / "tokenizer.json").read_text(encoding="utf-8"))
    kept = kept_tokens(load_tokenizer(options.base), document, words)
    config = read_config(options.base)
    options.out.mkdir(parents=True, exist_ok=True)
    prune_table(options.base / "model.safetensors", options.out / "model.safetensors", kept)
    if options.start:
        prune_table(options.start, options.out / options.start.name, kept)
    pruned = json.dumps(pruned_tokenizer(document, kept), ensure_ascii=False)
    write_atomically(options.out / "tokenizer.json", pruned)
    write_atomically(
        options.out / "config.json", json.dumps({**config, "vocab_size": len(kept)}, indent=2)
    )
    for licence in options.base.glob("LICENSE*"):
        shutil.copyfile(licence, options.out / licence.name)
    print(f"{options.out}: {len(kept)} of {config['vocab_size']} tokens, for {len(words)} words")


def common_words(count: int) -> set[str]:
    if count == 0:
        return set()
    try:
        from wordfreq import top_n_list
    except ImportError:
        raise TrainingError("--words needs the package wordfreq: pip install wordfreq.") from None
    return {word for word in top_n_list("en", count) if WORD.fullmatch(word)}


def kept_tokens(tokenizer: Tokenizer, document: dict, words: Iterable[str]) -> list[int]:
    """Old ids in ascending order: special tokens, bytes, signs, and all that spells `words`."""
    vocabulary: dict[str, int] = document["model"]["vocab"]
    kept = {
        id
        for piece, id in vocabulary.items()
        if BYTE.fullmatch(piece) or SIGNS.fullmatch(piece) or (len(piece) == 1 and piece.isascii())
    }
    kept |= {token["id"] for token in document["added_tokens"] if token["id"] < 3}
    for word in words:
        forms = {word.lower(), word.lower().capitalize()}
        if len(word) <= ABBREVIATION:
            forms.add(word.upper())
        for encoded in tokenizer.encode_batch(list(forms), add_special_tokens=False):
            kept.update(encoded.ids)
    return sorted(kept | parts_of(kept, vocabulary, document["model"]["merges"]))


def parts_of(kept: set[int], vocabulary: dict[str, int], merges: list) -> set[int]:
    """The pieces that byte-pair encoding passes through on its way to each of `kept`."""
    ranks = {parts: rank for rank, parts in reversed([*enumerate(map(pair, merges))])}
    names = {id: piece for piece, id in vocabulary.items()}
    parts: set[int] = set()
    for id in kept:
        pieces = list(names[id])
        while len(pieces) > 1:
            best = min(pairwise(pieces), key=lambda parts: ranks.get(parts, len(ranks)))
            if best not in ranks:
                break
            at = next(i for i, parts in enumerate(pairwise(pieces)) if parts == best)
            pieces[at : at + 2] = ["".join(best)]
            parts.add(vocabulary[pieces[at]])
    return parts


def pair(merge: str | list[str]) -> tuple[str, str]:
    """Tokenizer files write a merge as "a b" or as ["a", "b"]."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def pruned_tokenizer(document: dict, kept: list[int]) -> dict:
    model, new = document["model"], {old: i for i, old in enumerate(kept)}
    vocabulary = {piece: new[id] for piece, id in model["vocab"].items() if id in new}
    merges = [
        [left, right]
        for left, right in map(pair, model["merges"])
        if left in vocabulary and right in vocabulary and left + right in vocabulary
    ]
    added = [{**t, "id": new[t["id"]]} for t in document["added_tokens"] if t["id"] in new]
    return {
        **document,
        "added_tokens": added,
        "model": {**model, "vocab": vocabulary, "merges": merges},
    }


def prune_table(source: Path, target: Path, kept: list[int]) -> None:
    """Copies a safetensors file with only the kept rows of its token table."""
    tensors, metadata = read_tensors(source)
    tables = [name for name in tensors if name.endswith(TABLE)]
    if len(tables) != 1:
        raise TrainingError(f"{source} has no {TABLE}: it is another kind of model.")
    tensors[tables[0]] = tensors[tables[0]][torch.tensor(kept)].contiguous()
    write_tensors(target, tensors, metadata)
