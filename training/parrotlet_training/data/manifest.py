"""The list of recordings: manifest.tsv, with the columns split, path, speaker, seconds, text."""

import csv
from dataclasses import dataclass
from pathlib import Path

from ..errors import TrainingError

COLUMNS = ("split", "path", "speaker", "seconds", "text")


@dataclass(frozen=True)
class Utterance:
    split: str
    path: str  # relative to the manifest's folder
    speaker: str
    seconds: float
    text: str

    @property
    def subset(self) -> str:
        """The folder that results are named after."""
        return self.path.split("/", 1)[0]


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
            Utterance(**{c: float(r[c]) if c == "seconds" else r[c] for c in COLUMNS})
            for r in reader
        ]
    found = [row for row in rows if split in (None, row.split)]
    if not found:
        splits = sorted({row.split for row in rows})
        raise TrainingError(f"{path} has no utterances of split {split!r}; it has {splits}.")
    return found
