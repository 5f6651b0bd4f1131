"""Batches of examples of like length, the same for one seed, wherever training was broken off."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..model.architecture import Architecture
from ..model.ctc_head import letter_labels
from ..model.front_end import SAMPLE_RATE, frame_count
from ..settings import Settings
from .audio_cache import AudioCache
from .augment import arrange, disturb, masks
from .clip import Clip
from .lessons import Lesson

IGNORED = -100  # no label here


@dataclass(frozen=True)
class Example:
    lessons: tuple[int, ...]  # utterances in a row
    seed: tuple[int, int, int]  # of the random draws


@dataclass
class Batch:
    clean: Tensor  # (batch, samples): what the teacher hears
    heard: Tensor  # (batch, samples): what the student hears
    lengths: Tensor  # (batch,) real samples
    keep_frames: Tensor  # (batch, frames, 1)
    keep_channels: Tensor  # (batch, 1, dim)
    tokens: Tensor  # (batch, n) from the start token on
    labels: Tensor  # (batch, n) the token after each; IGNORED beyond the end
    trusted: Tensor  # (batch, n) bool: where the teacher's distribution is worth learning
    speech: Tensor  # (batch,) bool: whether there is any
    letters: list[list[int]] = field(default_factory=list)  # labels of the CTC head

    @property
    def seconds(self) -> float:
        return float(self.lengths.sum()) / SAMPLE_RATE

    def to(self, device: torch.device) -> "Batch":
        moved = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in vars(self).items()}
        return Batch(**moved)


def plan_epoch(lessons: list[Lesson], settings: Settings, epoch: int) -> list[list[Example]]:
    """The batches of one pass over the lessons, each used once."""
    data, augment, seed = settings.data, settings.augment, settings.train.seed
    rng = np.random.default_rng((seed, epoch))
    examples: list[tuple[float, Example]] = []
    order, at = rng.permutation(len(lessons)).tolist(), 0
    while at < len(order):
        chosen, seconds = [order[at]], lessons[order[at]].seconds
        at += 1
        if rng.random() < augment.join:
            wanted = rng.uniform(seconds, data.longest_seconds)
            while at < len(order):
                more = augment.gap_seconds[1] + lessons[order[at]].seconds
                if seconds + more > wanted:
                    break
                chosen.append(order[at])
                seconds, at = seconds + more, at + 1
        examples.append((seconds, Example(tuple(chosen), (seed, epoch, len(examples)))))
    batches: list[list[Example]] = []
    for begin in range(0, len(examples), data.bucket):
        batch: list[Example] = []
        for seconds, example in sorted(examples[begin : begin + data.bucket], key=lambda e: e[0]):
            if batch and seconds * (len(batch) + 1) > data.batch_seconds:
                batches.append(batch)
                batch = []
            batch.append(example)
        batches.append(batch)
    return [batches[i] for i in rng.permutation(len(batches))]


class BatchMaker(Dataset):
    """The batches of a plan; each is made from its examples' seeds alone."""

    def __init__(
        self,
        lessons: list[Lesson],
        audio: AudioCache,
        settings: Settings,
        arch: Architecture,
        plan: list[list[Example]],
    ):
        self._lessons, self._audio, self._settings = lessons, audio, settings
        self._arch, self._plan = arch, plan

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, index: int) -> Batch:
        if not 0 <= index < len(self):
            raise IndexError(index)
        drawn = []
        for example in self._plan[index]:
            rng = np.random.default_rng(example.seed)
            clips = [self._clip(self._lessons[i]) for i in example.lessons]
            clip = arrange(rng, clips, self._settings.augment)
            heard = disturb(rng, clip.samples, self._settings.augment)
            frames = frame_count(len(clip.samples))
            drawn.append((clip, heard, *masks(rng, frames, self._arch.dim, self._settings.augment)))
        return collate(drawn, self._arch)

    def _clip(self, lesson: Lesson) -> Clip:
        return Clip(self._audio.read(lesson.path), lesson.words)


def collate(
    drawn: list[tuple[Clip, np.ndarray, np.ndarray, np.ndarray]], arch: Architecture
) -> Batch:
    """Pads clips, what is heard of them, and what the masks keep, to one batch."""
    lengths = [len(clip.samples) for clip, *_ in drawn]
    rows = [[t for word in clip.words for t in word.tokens] for clip, *_ in drawn]
    size, longest = len(drawn), max(map(len, rows)) + 1
    clean, heard = torch.zeros(size, max(lengths)), torch.zeros(size, max(lengths))
    keep = torch.ones(size, frame_count(max(lengths)), 1)
    tokens = torch.full((size, longest), arch.end_token)
    labels = torch.full((size, longest), IGNORED)
    trusted = torch.zeros(size, longest, dtype=torch.bool)
    for i, ((clip, disturbed, in_time, _), row) in enumerate(zip(drawn, rows)):
        clean[i, : lengths[i]] = torch.from_numpy(clip.samples)
        heard[i, : lengths[i]] = torch.from_numpy(disturbed)
        keep[i, : len(in_time), 0] = torch.from_numpy(in_time)
        tokens[i, : len(row) + 1] = torch.tensor([arch.start_token, *row])
        labels[i, : len(row) + 1] = torch.tensor([*row, arch.end_token])
        agreed = [word.agreed for word in clip.words for _ in word.tokens]
        # After half a word the teacher would guess on; without speech it may say anything.
        agreed.append(clip.whole_end and len(row) > 0)
        trusted[i, : len(row) + 1] = torch.tensor(agreed)
    return Batch(
        clean=clean,
        heard=heard,
        lengths=torch.tensor(lengths),
        keep_frames=keep,
        keep_channels=torch.stack([torch.from_numpy(channels)[None] for *_, channels in drawn]),
        tokens=tokens,
        labels=labels,
        trusted=trusted,
        speech=torch.tensor([len(row) > 0 for row in rows]),
        letters=[letter_labels(" ".join(w.text for w in clip.words)) for clip, *_ in drawn],
    )


def load_batches(maker: BatchMaker, first: int, workers: int) -> DataLoader:
    """The batches from `first` on, in the plan's order, made ahead by `workers` processes."""
    return DataLoader(maker, batch_size=None, sampler=range(first, len(maker)), num_workers=workers)
