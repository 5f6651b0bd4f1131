"""What `prepare` finds out about each training utterance, one line of JSON each."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tokenizers import Tokenizer

from ..errors import TrainingError
from .clip import Word
from .manifest import train_rows

FILE = "lessons.jsonl"


@dataclass(frozen=True)
class Lesson:
    path: str
    seconds: float
    source: str  # of the text: teacher | dressed | plain
    words: tuple[Word, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(line: str) -> "Lesson":
        row = json.loads(line)
        words = tuple(
            Word(**{**word, "tokens": tuple(word["tokens"])}) for word in row.pop("words")
        )
        return Lesson(**row, words=words)


def tokens_of_words(tokenizer: Tokenizer, text: str) -> list[tuple[int, ...]]:
    """The tokens of each word of `text`; joined, they are the tokens of the text."""
    encoded = tokenizer.encode(text, add_special_tokens=False)
    words: list[list[int]] = []
    for token, piece in zip(encoded.ids, encoded.tokens):
        if piece.startswith("▁") or not words:
            words.append([])
        words[-1].append(token)
    return [tuple(word) for word in words]


def read_lessons(folder: Path, longest: float) -> list[Lesson]:
    """Those of at most `longest` seconds."""
    path = folder / FILE
    if not path.exists():
        raise TrainingError(f"{path} is missing: run `prepare` first.")
    with open(path, encoding="utf-8") as file:
        lessons = [Lesson.from_json(line) for line in file]
    lessons = [lesson for lesson in lessons if lesson.words and lesson.seconds <= longest]
    if not lessons:
        raise TrainingError(f"{path} has no utterance of at most {longest:g} s.")
    return lessons


def lessons_of(
    folders: Sequence[Path], lessons: list[Lesson], first_times: int = 1
) -> list[Lesson]:
    """Those of the recordings in these folders, each of which must have some.

    first_times: how often those of the first folder are in the list.
    """
    prepared, chosen = {lesson.path for lesson in lessons}, dict[str, int]()
    for number, (folder, rows) in enumerate(zip(folders, train_rows(folders))):
        found = prepared & {row.path for row in rows}
        if not found:
            raise TrainingError(f"{folder} has no lessons: run `prepare` with the same --data.")
        chosen |= dict.fromkeys(found, first_times if number == 0 else 1)
    return [lesson for lesson in lessons for _ in range(chosen.get(lesson.path, 0))]
