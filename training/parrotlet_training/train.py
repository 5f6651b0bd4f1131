"""`train`: distils the streaming model from the full-context one; may be broken off and resumed."""

import argparse
import math
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from .checkpoint import Checkpoint
from .data.audio_cache import AudioCache
from .data.batches import Batch, BatchMaker, load_batches, plan_epoch
from .data.lessons import Lesson, lessons_of, read_lessons
from .data.manifest import Utterance, read_manifest
from .errors import TrainingError
from .evaluate import evaluate_chunk
from .log import Log, draw_curves, read_log
from .losses import losses
from .model.architecture import WHOLE, moonshine_architecture, read_config
from .model.layers import unround_model
from .model.streaming_model import StreamingModel
from .model.teacher import load_streaming, load_teacher
from .optimizer import Average, load_optimizer, make_optimizer, set_rates, share_of_peak
from .options import Paths, add_common_options, device_named
from .recognize import load_tokenizer
from .settings import Settings, read_settings

LOG_EVERY = 20  # steps
MOST_SKIPPED = 10
DEV = "dev"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    parser.add_argument("--start", type=Path, help="streaming checkpoint to start from, not --base")
    parser.add_argument("--minutes", type=float, help="stop after so long, with a checkpoint")
    parser.add_argument("--name", help="of the run; by default that of the configuration")


def run(options: argparse.Namespace) -> None:
    paths, settings = Paths.of(options, "data", "base", "work"), read_settings(options.config)
    folder = paths.work / "runs" / (options.name or options.config.stem)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(
        options.config.read_text(encoding="utf-8"), encoding="utf-8"
    )
    data = settings.data
    lessons = read_lessons(paths.work, data.longest_seconds)
    lessons = lessons_of(paths.folders, lessons, data.first_times)
    audio = AudioCache(paths.work)
    trainer = Trainer(folder, paths.base, settings, lessons, audio, device_named(options.device))
    if options.resume:
        trainer.resume()
    else:
        trainer.begin(options.start or paths.base)
    dev = [u for u in read_manifest(paths.data, DEV) if u.path in audio]
    trainer.train(dev, options.minutes)


@dataclass
class Timer:
    """True once every so many minutes."""

    minutes: float
    last: float

    def due(self) -> bool:
        if time.monotonic() - self.last < 60 * self.minutes:
            return False
        self.last = time.monotonic()
        return True


class Sums:
    """Means of the losses since they were last asked for."""

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []

    def add(self, losses: dict[str, float]) -> None:
        self._rows.append(losses)

    def means(self) -> dict[str, float]:
        rows, self._rows = self._rows, []
        return {name: round(sum(row[name] for row in rows) / len(rows), 5) for name in rows[0]}


class Trainer:
    """One run, in its folder: checkpoint.pt, log.jsonl, curves.png."""

    def __init__(
        self,
        folder: Path,
        base: Path,
        settings: Settings,
        lessons: list[Lesson],
        audio: AudioCache,
        device: torch.device,
    ):
        self.folder, self.base, self.settings = folder, base, settings
        self.lessons, self.audio, self.device = lessons, audio, device
        self.published = moonshine_architecture(read_config(base))
        torch.manual_seed(settings.train.seed)
        self.model = StreamingModel(settings.model.architecture(self.published)).to(device).train()
        settings.prepare(self.model)
        settings.round(self.model)  # an error now rather than in the midst
        unround_model(self.model)
        self.teacher = self._load_teacher().to(device)
        self.optimizer = make_optimizer(self.model, settings.train)
        self.step = self.epoch = self.batch = self.skipped = 0
        self.hours = 0.0
        self._stream: Generator[Batch, None, None] | None = None
        self._rounding = False  # whether the model computes with rounded weights already

    def _load_teacher(self) -> StreamingModel:
        if name := self.settings.loss.teacher:
            return load_streaming(self.settings.folder / name, self.model.arch)
        return load_teacher(self.base)

    @property
    def checkpoint_path(self) -> Path:
        return self.folder / "checkpoint.pt"

    def begin(self, source: Path) -> None:
        """From a Moonshine folder or a streaming checkpoint."""
        if self.checkpoint_path.exists():
            raise TrainingError(
                f"{self.checkpoint_path} exists: add --resume to go on, or --name for another run."
            )
        self.settings.start(self.model, source, self.published)
        self.average = Average(self.model, self.settings.train.average)
        self.log = Log(self.folder, 0)

    def resume(self) -> None:
        saved = Checkpoint.load(self.checkpoint_path)
        if saved.architecture != self.model.arch:
            raise TrainingError(
                f"{self.checkpoint_path} is of another architecture than the configuration: "
                f"{saved.architecture.to_json()}. Restore the configuration, or use --name."
            )
        self.model.load_state_dict(saved.model)
        self.average = Average(self.model, self.settings.train.average)
        self.average.state = {k: v.to(self.device) for k, v in saved.average.items()}
        load_optimizer(self.optimizer, saved.optimizer)
        self.step, self.epoch, self.batch = saved.step, saved.epoch, saved.batch
        self.hours = saved.hours
        self.log = Log(self.folder, self.step)

    def save(self) -> None:
        Checkpoint(
            architecture=self.model.arch,
            model=self.model.state_dict(),
            average=self.average.state,
            optimizer=self.optimizer.state_dict(),
            step=self.step,
            epoch=self.epoch,
            batch=self.batch,
            hours=self.hours,
        ).save(self.checkpoint_path)

    def train(self, dev: list[Utterance], minutes: float | None = None) -> None:
        """Until all steps are taken or the time is up; then it saves and evaluates."""
        train, start = self.settings.train, time.monotonic()
        saving, testing = (
            Timer(train.checkpoint_minutes, start),
            Timer(train.evaluate_minutes, start),
        )
        heard, sums = self.hours, Sums()
        with tqdm(total=train.steps, initial=self.step, desc="training", unit="step") as bar:
            while self.step < train.steps:
                if minutes is not None and time.monotonic() - start >= 60 * minutes:
                    break
                found = self.next_step()
                sums.add(found)
                bar.update()
                bar.set_postfix(loss=f"{found['total']:.3f}", epoch=self.epoch, refresh=False)
                if self.step % LOG_EVERY == 0 or self.step == 1:
                    seconds = time.monotonic() - start
                    speed = 3600 * (self.hours - heard) / max(seconds, 1e-9)
                    self._write("step", loss=sums.means(), times_real_time=round(speed, 2))
                if saving.due():
                    self.save()
                if testing.due():
                    self.evaluate(dev)
        self._close_stream()
        self.save()
        self.evaluate(dev)

    def _close_stream(self) -> None:
        """Ends the processes that make batches; the next step starts new ones where these were."""
        if self._stream:
            self._stream.close()
        self._stream = None

    def evaluate(self, dev: list[Utterance]) -> dict[str, float]:
        """The averaged weights on a sample of dev, the same each time, with the default chunk."""
        order = np.random.default_rng(0).permutation(len(dev))
        sample = [dev[i] for i in order if dev[i].seconds <= self.settings.data.longest_seconds]
        sample = sample[: self.settings.train.evaluate_utterances]
        wer = {}
        if sample:
            model = StreamingModel(self.model.arch).to(self.device).eval()
            self.settings.prepare(model)
            model.load_state_dict(self.average.state)
            if self._rounds():
                self.settings.as_shipped(model)
            arch = model.arch
            chunk = arch.chunk_frames if arch.span == "chunk" else WHOLE
            name = f"{chunk} frames" if arch.span == "chunk" else "look-ahead"
            scores = evaluate_chunk(model, load_tokenizer(self.base), self.audio, sample, chunk)
            wer[name] = round(scores["all"].percent, 3)
            self._write("evaluate", wer=wer)
        draw_curves(read_log(self.folder / "log.jsonl"), self.folder / "curves.png")
        return wer

    def _write(self, event: str, **values) -> None:
        hours = round(self.hours, 4)
        self.log.write(event=event, step=self.step, epoch=self.epoch, hours=hours, **values)

    def _batches(self) -> Generator[Batch, None, None]:
        """From where the run is on, without end."""
        while True:
            plan = plan_epoch(self.lessons, self.settings, self.epoch)
            maker = BatchMaker(self.lessons, self.audio, self.settings, self.model.arch, plan)
            for batch in load_batches(maker, self.batch, self.settings.data.workers):
                self.batch += 1
                yield batch
            self.epoch, self.batch = self.epoch + 1, 0

    def next_step(self) -> dict[str, float]:
        self._stream = self._stream or self._batches()
        return self.take_step(next(self._stream).to(self.device))

    def take_step(self, batch: Batch) -> dict[str, float]:
        """One step of the optimizer; the losses it saw."""
        settings = self.settings
        set_rates(self.optimizer, share_of_peak(self.step, settings.train))
        self.optimizer.zero_grad(set_to_none=True)
        if self._rounds() and not self._rounding:
            settings.round(self.model)
            self._rounding = True
        found = losses(
            self.model,
            self.teacher,
            batch,
            draw_chunk(self.model, settings, self.step),
            settings.loss,
            settings.train.bf16,
        )
        found["total"].backward()
        trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        norm = float(nn.utils.clip_grad_norm_(trained, settings.train.clip))
        if math.isfinite(norm):
            self.optimizer.step()
            self.average.update(self.model, self.step)
            self.skipped = 0
        else:
            self.skip()
        self.step += 1
        self.hours += batch.seconds / 3600
        return {name: loss.item() for name, loss in found.items()}

    def _rounds(self) -> bool:
        return self.settings.rounds() and self.step >= self.settings.quantize.from_step

    def skip(self) -> None:
        """Leaves out a batch whose gradient is not finite; too many in a row are an error."""
        self.skipped += 1
        if self.skipped > MOST_SKIPPED:
            raise TrainingError(
                f"step {self.step}: the gradient has not been finite for {self.skipped} steps. "
                "Lower the rates, or switch train.bf16 off; the last checkpoint is untouched."
            )


def draw_chunk(model: StreamingModel, settings: Settings, step: int) -> int:
    """The chunk of a step's batch: one of the choices, or the whole recording."""
    if model.arch.span != "chunk":
        return WHOLE
    weights = np.array(settings.train.chunk_weights)
    rng = np.random.default_rng((settings.train.seed, 1 << 20, step))
    chosen = int(rng.choice(len(weights), p=weights / weights.sum()))
    return (*model.arch.chunk_choices, WHOLE)[chosen]
