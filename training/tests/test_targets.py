"""What the decoder is taught to say."""

import numpy as np
import pytest
from conftest import MOONSHINE

from parrotlet_training.data.lessons import tokens_of_words
from parrotlet_training.data.targets import make_target
from parrotlet_training.data.word_times import last_spoken, monotone_peaks, token_times
from parrotlet_training.model.ctc_head import LETTERS, letter_labels
from parrotlet_training.recognize import load_tokenizer


@pytest.mark.parametrize(
    ("reference", "heard", "text", "source"),
    [
        # The same words: the teacher's own text, numbers and titles as it writes them.
        ("THAT'S VERY IMPORTANT TO ME", "That's very important to me.", "That's very important to me.", "teacher"),
        ("MISTER BROWN CAME", "Mr. Brown came.", "Mr. Brown came.", "teacher"),
        # A wrong word keeps the punctuation around it.
        ("WE SAW IT AGAIN TILL DAWN", "We saw it, again, till dusk.", "We saw it, again, till dawn.", "dressed"),
        # A name that the teacher misheard stays a name.
        ("THE TOPS OF THE WAHITI RANGES WERE LIT", "The tops of the Waiti ranges were lit.", "The tops of the Wahiti ranges were lit.", "dressed"),
        # A missed word at the end comes before the full stop, at the start it takes the capital.
        ("HE WENT HOME EARLY AGAIN", "He went home early.", "He went home early again.", "dressed"),
        ("HE WENT HOME VERY EARLY THE NEXT DAY ONCE AGAIN", "He went home very early the next day.", "He went home very early the next day once again.", "dressed"),
        ("SO NEIL WENT ON AHEAD", "Neil went on ahead.", "So Neil went on ahead.", "dressed"),
        # A word too many leaves its punctuation behind.
        ("HE WENT HOME THEN SLEPT WELL", "He went home now. Then slept well.", "He went home. Then slept well.", "dressed"),
        ("I'LL GO IF I MAY COME BACK SOON", "I'll go if I might come back soon", "I'll go if I may come back soon", "dressed"),
        ("SAID MISTER HARRISON TO ME ONCE AGAIN", "Said Mr. Harrison to me once a pen.", "Said Mister Harrison to me once again.", "dressed"),
        # Too little in common: the teacher's punctuation is not worth having.
        ("THAT WAS HARD TO SAY", "Dad, was hot to see?", "That was hard to say.", "plain"),
        ("THAT WAS HARD TO SAY", "", "That was hard to say.", "plain"),
    ],
)  # fmt: skip
def test_dressing(reference, heard, text, source):
    target = make_target(reference, heard)
    assert (target.text, target.source) == (text, source)
    assert len(target.agreed) == len(text.split())


def test_agreed_tells_the_teachers_words_from_others():
    target = make_target("ONE TWO THREE FOUR FIVE", "One, too three four five.")
    assert target.text == "One, two three four five."
    assert target.agreed == (True, False, True, True, True)


def test_tokens_of_words_join_to_the_tokens_of_the_text():
    tokenizer, text = load_tokenizer(MOONSHINE), "the hen is at it, and then on a"
    words = tokens_of_words(tokenizer, text)
    assert len(words) == len(text.split())
    assert [t for word in words for t in word] == tokenizer.encode(
        text, add_special_tokens=False
    ).ids
    assert [tokenizer.decode(list(word)) for word in words] == text.split()


def test_letters():
    assert (
        "".join(LETTERS[i - 1] for i in letter_labels("So, I'll  go to-day!"))
        == "so i'll go to day"
    )
    assert letter_labels("1900") == []


def test_monotone_peaks_are_the_best_path():
    weights = np.random.default_rng(2).random((4, 6))
    best = max(
        sum(weights[k, p] for k, p in enumerate(path))
        for path in np.ndindex(6, 6, 6, 6)
        if all(a <= b for a, b in zip(path, path[1:]))
    )
    path = monotone_peaks(weights)
    assert (np.diff(path) >= 0).all()
    assert sum(weights[np.arange(4), path]) == pytest.approx(best)


@pytest.mark.parametrize(
    ("pieces", "last"), [(["▁well", ","], 0), (["▁to", "-", "day", '."'], 2), (["▁..."], 0)]
)
def test_a_word_ends_before_its_punctuation(pieces, last):
    assert last_spoken(pieces) == last


def test_token_times_follow_the_heads():
    attention = np.full((2, 4, 60), 1e-6)
    for k, frame in enumerate((10, 20, 30, 40)):  # three tokens and the end
        attention[0, k, frame] = 1
        attention[1, k, max(frame - 3, 0)] = 1
    starts, ends = token_times(attention)
    assert np.allclose(starts, np.array([10, 20, 30]) * 0.024 + 0.028, atol=1e-3)
    assert np.allclose(ends, np.array([17, 27, 37]) * 0.024 + 0.028, atol=1e-3)
