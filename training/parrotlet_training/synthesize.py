"""`synthesize`: has texts spoken by the voices of this machine, as more recordings to train on."""

import argparse
import math
import os
import re
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from .data.audio_cache import write_atomically
from .data.manifest import COLUMNS, TRAIN, Utterance, read_manifest
from .data.spoken import Line, plan_lines
from .data.texts import read_texts
from .errors import TrainingError
from .model.front_end import SAMPLE_RATE
from .voices.choose import ENGINES, find_voices
from .voices.engine import VoiceError

SHORTEST, LONGEST = 2.0, 16.0  # seconds of speech
MOST_FAILED = 10  # of one engine, one after another
SYNTHETIC = re.compile(r"[^/]+/[0-9a-f]{16}\.flac")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--texts", type=Path, required=True, help="columns with tabs between; the last is spoken"
    )
    parser.add_argument("--hours", type=float, required=True, help="of speech, all in all")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, one for --data")
    parser.add_argument(
        "--voices",
        nargs="*",
        default=[],
        help="engines, or voices as `rhvoice-slt` or `espeak-ng-en-gb*`; by default all there are",
    )
    parser.add_argument("--seed", type=int, default=1, help="another one makes another choice")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="texts spoken at a time")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> None:
    if not (0 < options.hours < math.inf and options.jobs >= 1 and options.seed >= 0):
        raise TrainingError("--hours must be above 0, --jobs at least 1, --seed at least 0.")
    voices = find_voices(options.voices, ENGINES)
    texts = read_texts(options.texts, SHORTEST, LONGEST)
    folder = Recordings(options.out)
    plan = plan_lines(texts, voices, options.seed)
    try:
        rows = folder.fill(plan, 3600 * options.hours, options.jobs)
    finally:
        folder.write_manifest()
    print(
        f"{options.out}: {len(rows)} utterances, {sum(r.seconds for r in rows) / 3600:.2f} h, "
        f"of {len({r.speaker for r in rows})} speakers; {folder.left_out} left out"
    )


@dataclass
class Take:
    """What came of a line."""

    line: Line
    seconds: float = 0.0
    samples: np.ndarray | None = None  # None: not spoken, or there already
    problem: str = ""


class Recordings:
    """A folder of synthetic recordings with their manifest; what is in it stays."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._rows = {row.path: row for row in self._listed()}
        self.left_out = 0

    def _listed(self) -> list[Utterance]:
        if not (self._folder / "manifest.tsv").exists():
            return []
        rows = read_manifest(self._folder)
        if not all(SYNTHETIC.fullmatch(row.path) for row in rows):
            raise TrainingError(f"--out {self._folder} lists other recordings: name a new folder.")
        return [row for row in rows if (self._folder / row.path).exists()]

    def fill(self, plan: Iterator[Line], seconds: float, jobs: int) -> list[Utterance]:
        """The plan's first recordings, so many that they last `seconds`."""
        rows: list[Utterance] = []
        failed: Counter[str] = Counter()
        with (
            closing(in_order(self._take, plan, jobs)) as takes,
            tqdm(total=round(seconds), desc="speaking", unit="s", smoothing=0.1) as bar,
        ):
            left = seconds
            while left > 0:
                take = next(takes)
                engine = take.line.voice.engine.name
                if take.problem:
                    bar.write(f"left out: {take.line.speaker}: {take.problem}")
                    failed[engine] += 1
                    self.left_out += 1
                    stop_if_broken(failed[engine], take)
                    continue
                failed[engine] = 0
                rows.append(self._keep(take))
                bar.update(round(min(left, take.seconds)))
                left -= take.seconds
        return rows

    def _take(self, line: Line) -> Take:
        try:
            info = soundfile.info(self._folder / line.path)
            return Take(line, info.frames / info.samplerate)
        except soundfile.LibsndfileError:
            pass  # not there, or damaged
        try:
            samples = line.speak()
        except VoiceError as error:
            return Take(line, problem=str(error))
        seconds = len(samples) / SAMPLE_RATE
        if not SHORTEST <= seconds <= LONGEST:
            return Take(line, problem=f"{seconds:.1f} s, not {SHORTEST:g} to {LONGEST:g}")
        return Take(line, seconds, samples)

    def _keep(self, take: Take) -> Utterance:
        line, path = take.line, self._folder / take.line.path
        if take.samples is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(path.name + ".tmp")
            soundfile.write(temporary, take.samples, SAMPLE_RATE, "PCM_16", format="FLAC")
            temporary.replace(path)
        voice = line.voice.name
        row = Utterance(TRAIN, line.path, line.speaker, take.seconds, line.text, subset=voice)
        self._rows[row.path] = row
        return row

    def write_manifest(self) -> None:
        """All recordings that were ever made here."""
        if not self._rows:
            return
        lines = ["\t".join(COLUMNS)]
        for row in self._rows.values():
            lines.append(f"{row.split}\t{row.path}\t{row.speaker}\t{row.seconds:.2f}\t{row.text}")
        write_atomically(self._folder / "manifest.tsv", "\n".join(lines) + "\n")


def stop_if_broken(failed: int, take: Take) -> None:
    if failed >= MOST_FAILED:
        raise TrainingError(
            f"{take.line.voice.engine.name} has failed {failed} times in a row, at last with: "
            f"{take.problem}. Try it by hand, or leave it out with --voices."
        )


def in_order(
    work: Callable[[Line], Take], lines: Iterator[Line], jobs: int
) -> Generator[Take, None, None]:
    """What `work` makes of each line, in the lines' order; `jobs` are done at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        ahead = deque(pool.submit(work, line) for line in islice(lines, 2 * jobs))
        try:
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(work, line) for line in islice(lines, 1))
        finally:
            pool.shutdown(cancel_futures=True)
