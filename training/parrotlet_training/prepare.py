"""`prepare`: decodes all recordings once, and writes a lesson for every training utterance."""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from tqdm import tqdm

from .data.audio_cache import AudioCache, build_audio_cache, write_atomically
from .data.clip import Word
from .data.lessons import FILE, Lesson, tokens_of_words
from .data.manifest import Utterance, read_manifests, spread
from .data.targets import make_target
from .data.word_times import last_spoken, token_times
from .errors import TrainingError
from .model.decoder import greedy, token_limit
from .model.streaming_model import StreamingModel
from .model.teacher import load_teacher
from .options import Paths, add_common_options, device_named
from .recognize import by_length, load_tokenizer, padded
from .settings import Settings, read_settings

BATCH_SECONDS = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument("--limit", type=int, help="take only so many of each split, evenly spread")


def run(options: argparse.Namespace) -> None:
    paths, settings = Paths.of(options, "data", "base", "work"), read_settings(options.config)
    splits = {split: read_manifests(paths.folders, split) for split in ("train", "dev", "test")}
    splits = {split: spread(rows, options.limit) for split, rows in splits.items()}
    audio = build_audio_cache(paths.data, [u for rows in splits.values() for u in rows], paths.work)
    device = device_named(options.device)
    lessons = write_lessons(splits["train"], audio, paths, settings, device)
    count = lambda source: sum(lesson.source == source for lesson in lessons)
    print(
        f"{len(lessons)} lessons, {sum(x.seconds for x in lessons) / 3600:.2f} h: "
        f"{count('teacher')} in the teacher's words, {count('dressed')} dressed by them, "
        f"{count('plain')} plain"
    )


def write_lessons(
    utterances: list[Utterance],
    audio: AudioCache,
    paths: Paths,
    settings: Settings,
    device: torch.device,
) -> list[Lesson]:
    """Asks the teacher about each utterance; broken off, it goes on where it was."""
    check_teacher(paths, settings)
    teacher = load_teacher(paths.base).to(device)
    check_heads(settings.data.alignment_heads, teacher)
    maker = LessonMaker(teacher, paths.base, settings.data.alignment_heads, device)
    partial, final = paths.work / (FILE + ".partial"), paths.work / FILE
    done = {row.path: row for row in read_partial(partial)}
    left = [u for u in utterances if u.path not in done]
    with (
        open(partial, "a", encoding="utf-8") as file,
        tqdm(total=len(left), desc="lessons", unit="file", disable=not left) as bar,
    ):
        for indices in by_length([u.seconds for u in left], BATCH_SECONDS):
            batch = [left[i] for i in indices]
            for lesson in maker.make(batch, audio):
                done[lesson.path] = lesson
                file.write(lesson.to_json() + "\n")
            file.flush()
            bar.update(len(batch))
    lessons = [done[u.path] for u in utterances]
    write_atomically(final, "".join(lesson.to_json() + "\n" for lesson in lessons))
    return lessons


def check_teacher(paths: Paths, settings: Settings) -> None:
    """One work folder has the lessons of one teacher."""
    weights = (paths.base / "model.safetensors").read_bytes()
    heads = [list(head) for head in settings.data.alignment_heads]
    asked = json.dumps({"weights": hashlib.sha256(weights).hexdigest(), "alignment_heads": heads})
    note = paths.work / "teacher.json"
    if note.exists() and note.read_text(encoding="utf-8") != asked:
        raise TrainingError(
            f"{paths.work} was prepared with another base, or with other data.alignment_heads. Use "
            f"another --work, or remove {note.name} and {FILE}* there to ask this teacher again."
        )
    write_atomically(note, asked)


def read_partial(path: Path) -> list[Lesson]:
    """What was written before a break; the last line may be half a one."""
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
    path.write_text(whole + "\n" if whole else "", encoding="utf-8")
    return [Lesson.from_json(line) for line in whole.splitlines()]


def check_heads(heads: tuple[tuple[int, int], ...], teacher: StreamingModel) -> None:
    arch = teacher.arch
    wrong = [
        h for h in heads if not (0 <= h[0] < arch.decoder_layers and 0 <= h[1] < arch.decoder_heads)
    ]
    if wrong or len(heads) == 1:
        raise TrainingError(
            f"data.alignment_heads must be empty, or two or more [layer, head] of the base's "
            f"{arch.decoder_layers} decoder layers of {arch.decoder_heads} heads, not "
            f"{[list(h) for h in heads]}."
        )


class LessonMaker:
    """What the teacher hears, the text made of it, and when its words are spoken."""

    def __init__(
        self,
        teacher: StreamingModel,
        base: Path,
        heads: tuple[tuple[int, int], ...],
        device: torch.device,
    ):
        self._teacher, self._heads, self._device = teacher, heads, device
        self._tokenizer = load_tokenizer(base)

    @torch.no_grad()
    def make(self, batch: list[Utterance], audio: AudioCache) -> list[Lesson]:
        recordings = [audio.read(u.path) for u in batch]
        samples, lengths = padded(recordings)
        memory, counts = self._teacher.encode(samples.to(self._device), lengths.to(self._device))
        limits = [token_limit(len(recording)) for recording in recordings]
        heard = greedy(self._teacher.decoder, memory, counts, limits)
        return [
            self._lesson(utterance, self._tokenizer.decode(tokens), memory[i, : int(counts[i])])
            for i, (utterance, tokens) in enumerate(zip(batch, heard))
        ]

    def _lesson(self, utterance: Utterance, heard: str, memory: torch.Tensor) -> Lesson:
        """memory: (frames, dim) of the utterance alone"""
        target = make_target(utterance.text, heard)
        tokens = tokens_of_words(self._tokenizer, target.text)
        texts = target.text.split()
        if len(texts) != len(tokens):
            raise TrainingError(
                f"{utterance.path}: the tokenizer cuts {target.text!r} in {len(tokens)} words."
            )
        times = self._times(tokens, memory)
        words = tuple(
            Word(text, ids, *time, agreed)
            for text, ids, time, agreed in zip(texts, tokens, times, target.agreed)
        )
        return Lesson(utterance.path, utterance.seconds, target.source, words)

    def _times(
        self, words: list[tuple[int, ...]], memory: torch.Tensor
    ) -> list[tuple[float, float]]:
        if not self._heads or not words:
            return [(float("nan"), float("nan"))] * len(words)
        flat = torch.tensor([self._teacher.arch.start_token, *(t for word in words for t in word)])
        decoder = self._teacher.decoder
        attention = decoder.cross_attention(flat.to(self._device), memory, list(self._heads))
        starts, ends = token_times(attention.float().cpu().numpy())
        times, at = [], 0
        for word in words:
            pieces = [self._tokenizer.id_to_token(token) for token in word]
            start, end = float(starts[at]), float(ends[at + last_spoken(pieces)])
            times.append((round(start, 3), round(max(start, end), 3)))
            at += len(word)
        return times
