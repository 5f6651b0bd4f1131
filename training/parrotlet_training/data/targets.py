"""What the decoder shall say: the reference's words in the teacher's case and punctuation."""

import re
from dataclasses import dataclass

from ..words import align, normalized_words

LEAST_AGREEMENT = 0.7  # of the reference's words; below, the teacher's case and commas mean little
TITLES = ("mr.", "mrs.", "ms.", "dr.", "st.", "prof.", "capt.")  # their point ends no sentence
ALWAYS_CAPITAL = re.compile(r"i('(m|d|ll|ve|s|re))?$")
SENTENCE_END = ".?!"


@dataclass(frozen=True)
class Target:
    text: str
    source: str  # teacher | dressed | plain
    agreed: tuple[bool, ...]  # of each word of the text, whether the teacher heard it too


def make_target(reference: str, heard: str) -> Target:
    """reference: words in capitals, without punctuation; heard: the teacher's transcript."""
    if normalized_words(reference) == normalized_words(heard):
        text = " ".join(heard.split())
        return Target(text, "teacher", (True,) * len(text.split()))
    said, written = reference.lower().split(), heard.split()
    pairs = align(said, [bare(word) for word in written])
    agreed = tuple(j is not None and said[i] == bare(written[j]) for i, j in pairs if i is not None)
    if sum(agreed) < LEAST_AGREEMENT * len(said):
        return Target(plain(said), "plain", agreed)
    return Target(dress(said, written, pairs), "dressed", agreed)


def bare(word: str) -> str:
    """Lower case, letters, digits and inner apostrophes only."""
    return re.sub(r"[^a-z0-9']", "", word.lower()).strip("'")


def plain(said: list[str]) -> str:
    """One sentence, without a teacher."""
    words = [capital(word) if i == 0 else with_i(word) for i, word in enumerate(said)]
    return " ".join(words) + "." if words else ""


def dress(said: list[str], written: list[str], pairs: list[tuple[int | None, int | None]]) -> str:
    """The words of `said` in the case and punctuation of `written`, along their alignment."""
    out: list[str] = []
    last = max((k for k, pair in enumerate(pairs) if None not in pair), default=-1)
    for k, (i, j) in enumerate(pairs):
        if i is None:  # a word too many: its punctuation belongs to the one before
            tail = punctuation(written[j])[1]
            if out and tail and not punctuation(out[-1])[1]:
                out[-1] += tail
        elif j is None:  # a word that the teacher missed; at the end, punctuation comes after it
            tail = ""
            if out and k > last:
                out[-1], tail = split_tail(out[-1])
            out.append((capital(said[i]) if starts_sentence(out) else with_i(said[i])) + tail)
        elif said[i] == bare(written[j]):
            out.append(written[j])
        else:
            lead, tail = punctuation(written[j])
            named = written[j][len(lead) :][:1].isupper() and not starts_sentence(out)
            word = capital(said[i]) if starts_sentence(out) or named else with_i(said[i])
            out.append(lead + word + tail)
    return " ".join(out)


def punctuation(word: str) -> tuple[str, str]:
    """What stands before and after the letters of a word."""
    found = re.fullmatch(r"(\W*)(.*?)(\W*)", word[:-1] if word.lower() in TITLES else word)
    return found.group(1), found.group(3)


def split_tail(word: str) -> tuple[str, str]:
    tail = punctuation(word)[1]
    return word[: len(word) - len(tail)], tail


def starts_sentence(words: list[str]) -> bool:
    return not words or words[-1].rstrip("\"')”’")[-1:] in tuple(SENTENCE_END)


def with_i(word: str) -> str:
    return capital(word) if ALWAYS_CAPITAL.match(word) else word


def capital(word: str) -> str:
    return word[:1].upper() + word[1:]
