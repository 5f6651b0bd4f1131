"""The list of recordings: manifest.tsv, with the columns split, path, speaker, seconds, text."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import TrainingError

TRAIN = "train"
COLUMNS = ("split", "path", "speaker", "seconds", "text")


@dataclass(frozen=True)
class Utterance:
    split: str
    path: str  # relative to the manifest's folder; absolute in another folder than the first
    speaker: str
    seconds: float
    text: str
    subset: str  # the folder beside the manifest, after which results are named


def read_manifest(folder: Path, split: str | None = None) -> list[Utterance]:
    """All utterances of a split, or of all splits, in the manifest's order."""
    path = folder / "manifest.tsv"
    if not path.exists():
        raise TrainingError(f"{path} is missing: it lists the recordings ({', '.join(COLUMNS)}).")
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise TrainingError(f"{path} lacks the columns {sorted(missing)}.")
        rows = [
            Utterance(
                **{c: float(r[c]) if c == "seconds" else r[c] for c in COLUMNS},
                subset=r["path"].split("/", 1)[0],
            )
            for r in reader
        ]
    found = [row for row in rows if split in (None, row.split)]
    if not found:
        splits = sorted({row.split for row in rows})
        raise TrainingError(f"{path} has no utterances of split {split!r}; it has {splits}.")
    return found


def read_manifests(folders: Sequence[Path], split: str) -> list[Utterance]:
    """A split of the first folder; of train, also that of the others."""
    if split != TRAIN:
        return read_manifest(folders[0], split)
    return [row for rows in train_rows(folders) for row in rows]


def spread(rows: list[Utterance], limit: int | None) -> list[Utterance]:
    """So many of them, evenly spread; all if there is no limit."""
    if not limit or limit >= len(rows):
        return rows
    return [rows[i * len(rows) // limit] for i in range(limit)]


def train_rows(folders: Sequence[Path]) -> list[list[Utterance]]:
    """The train split of each folder.

    Paths in all but the first are absolute, so that equal names do not meet in the decoded audio.
    """
    first, *others = folders
    more = [with_absolute_paths(read_manifest(folder, TRAIN), folder) for folder in others]
    return [read_manifest(first, TRAIN), *more]


def with_absolute_paths(rows: list[Utterance], folder: Path) -> list[Utterance]:
    return [replace(row, path=(folder.resolve() / row.path).as_posix()) for row in rows]
