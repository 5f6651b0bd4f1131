"""All recordings decoded once, one after another in one file of 16-bit samples."""

import json
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from ..errors import TrainingError
from ..model.front_end import SAMPLE_RATE
from .manifest import Utterance


class AudioCache:
    """Gives recordings by path. Opened lazily, so that every worker has a map of its own."""

    def __init__(self, folder: Path):
        self._file = folder / "audio.i16"
        index = folder / "audio.json"
        if not index.exists():
            raise TrainingError(f"{folder} has no decoded audio: run `prepare` first.")
        self._places: dict[str, list[int]] = json.loads(index.read_text(encoding="utf-8"))
        self._samples: np.memmap | None = None

    def __contains__(self, path: str) -> bool:
        return path in self._places

    def read(self, path: str) -> np.ndarray:
        """float32 (samples,), -1 to 1"""
        if self._samples is None:
            self._samples = np.memmap(self._file, np.int16, "r")
        if path not in self._places:
            raise TrainingError(f"{path} is not in the decoded audio: run `prepare` again.")
        begin, count = self._places[path]
        return self._samples[begin : begin + count].astype(np.float32) / 32768


def build_audio_cache(data: Path, utterances: list[Utterance], folder: Path) -> AudioCache:
    """Decodes what the cache in `folder` has not yet; interrupted, it goes on where it was."""
    folder.mkdir(parents=True, exist_ok=True)
    index, file = folder / "audio.json", folder / "audio.i16"
    places = json.loads(index.read_text(encoding="utf-8")) if index.exists() else {}
    new = [u for u in utterances if u.path not in places]
    end = max((begin + count for begin, count in places.values()), default=0)
    with open(file, "r+b" if file.exists() else "w+b") as out:
        out.truncate(2 * end)
        out.seek(2 * end)
        for i, utterance in enumerate(tqdm(new, desc="decoding", unit="file", disable=not new), 1):
            samples = read_recording(data / utterance.path)
            out.write((samples * 32767).round().astype("<i2").tobytes())
            places[utterance.path] = [end, len(samples)]
            end += len(samples)
            if i % 500 == 0 or i == len(new):
                out.flush()
                write_atomically(index, json.dumps(places))
    return AudioCache(folder)


def read_recording(path: Path) -> np.ndarray:
    """float32 (samples,) of a mono recording at 16 kHz"""
    try:
        samples, rate = soundfile.read(path, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise TrainingError(f"Cannot read {path}: {error}.") from None
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise TrainingError(
            f"{path} has {rate} Hz and {samples.ndim} channel axes; expected 16000 Hz mono."
        )
    return samples.clip(-1, 1)


def write_atomically(path: Path, text: str) -> None:
    """Whoever reads sees the old text or the new one, never half of it."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
