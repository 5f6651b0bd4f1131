"""`compare`: trains the variants of a study alike, and says which hears best."""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from .checkpoint import Checkpoint
from .data.audio_cache import AudioCache, write_atomically
from .data.manifest import Utterance, read_manifest, spread
from .errors import TrainingError
from .evaluate import count_all
from .model.architecture import WHOLE
from .model.front_end import FRAME_SECONDS
from .model.layers import Dense, TokenTable
from .model.streaming_model import StreamingModel
from .options import HELP, Paths, device_named
from .recognize import load_tokenizer
from .settings import read_settings
from .study import BASE, Study, Variant, read_study
from .study_page import write_page

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results" / "training-choices.json"
PAGE = ROOT / "docs" / "training-choices.md"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, nargs="*", help="files like those in studies/")
    for name, text in HELP.items():
        action = "append" if name == "data" else "store"
        parser.add_argument(f"--{name}", type=Path, action=action, help=text)
    parser.add_argument("--start", type=Path, help="the streaming checkpoint that the study names")
    parser.add_argument("--results", type=Path, default=RESULTS, help="JSON that keeps all figures")
    parser.add_argument("--page", type=Path, default=PAGE, help="written from the results")
    parser.add_argument("--device", default="auto", help="cpu, cuda, or auto")
    parser.add_argument("--threads", type=int, help="of the CPU; all by default")


def run(options: argparse.Namespace) -> None:
    """Without a study it only writes the page again."""
    for path in options.study:
        Comparison(read_study(path), options).run()
    write_page(read_results(options.results), options.page, options.results.with_suffix(".svg"))
    print(options.page)


class Comparison:
    def __init__(self, study: Study, options: argparse.Namespace):
        self._study, self._options = study, options
        self._paths = Paths.of(options, "data", "base", "work")
        if (study.start == BASE) != (options.start is None):
            raise TrainingError(
                f"{study.name} starts from {study.start}: "
                + ("leave out --start." if options.start else "name it with --start.")
            )

    def run(self) -> None:
        results = read_results(self._options.results)
        entry = results.setdefault(self._study.name, {"variants": {}})
        utterances = self._utterances()
        entry |= self._header(utterances)
        for variant in self._study.variants:
            found = entry["variants"].get(variant.name)
            if found is None:
                found = self._measure(variant, utterances)
            elif found["settings"] != variant.tables:
                raise TrainingError(
                    f"{self._options.results} has {variant.name} of {self._study.name} with other "
                    "settings: remove it there, and its run, or give the variant another name."
                )
            order = [v.name for v in self._study.variants]
            entry["variants"][variant.name] = found | {"what": variant.what}
            entry["variants"] = {n: entry["variants"][n] for n in order if n in entry["variants"]}
            write_results(self._options.results, results)

    def _utterances(self) -> list[Utterance]:
        audio = AudioCache(self._paths.work)
        longest = min(v.settings.data.longest_seconds for v in self._study.variants)
        dev = [u for u in read_manifest(self._paths.data, "dev") if u.path in audio]
        chosen = spread([u for u in dev if u.seconds <= longest], self._study.utterances)
        if not chosen:
            raise TrainingError(f"{self._paths.data} has no dev utterance of at most {longest:g} s.")
        return chosen

    def _header(self, utterances: list[Utterance]) -> dict[str, Any]:
        study = self._study
        return {
            "title": study.title,
            "about": study.about,
            "start": study.start,
            "follows": study.follows,
            "subsets": sorted({u.subset for u in utterances}),
            "utterances": len(utterances),
            "seconds": round(sum(u.seconds for u in utterances)),
        }

    def _measure(self, variant: Variant, utterances: list[Utterance]) -> dict[str, Any]:
        config = self._configuration(variant)
        saved, settings = Checkpoint.load(self._train(variant, config)), read_settings(config)
        model = saved.averaged_model(settings.prepare)
        settings.as_shipped(model)
        model = model.to(device_named(self._options.device))
        arch, audio, tokenizer = (
            model.arch,
            AudioCache(self._paths.work),
            load_tokenizer(self._paths.base),
        )
        chunks = variant.chunks or self._study.chunks if arch.span == "chunk" else (WHOLE,)
        scores = []
        for chunk in chunks:
            counts = count_all(model, tokenizer, audio, utterances, chunk)
            errors, words = zip(*counts)
            frames = {"chunk": chunk} if chunk != WHOLE else {"lookahead": list(arch.lookahead)}
            delays = {
                "worst_delay_ms": milliseconds(arch.delay_frames(chunk)),
                "mean_delay_ms": milliseconds(arch.mean_delay_frames(chunk)),
            }
            scores.append({**frames, **delays, "errors": list(errors), "words": list(words)})
        return {
            "settings": variant.tables,
            "more_data": variant.more_data,
            "steps": saved.step,
            "hours": round(saved.hours, 3),
            "parameters": sum(p.numel() for p in model.parameters()),
            **multiplications(model),
            "scores": scores,
        }

    def _configuration(self, variant: Variant) -> Path:
        """Writes the variant's configuration; what it names is found from there."""
        config = self._paths.work / "runs" / f"{self._study.name}-{variant.name}.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(variant.configuration, encoding="utf-8")
        return config

    def _train(self, variant: Variant, config: Path) -> Path:
        """Trains what is left to train, in a process of its own; the checkpoint's path."""
        run = config.with_suffix("")
        checkpoint = run / "checkpoint.pt"
        if checkpoint.exists():
            if (run / "config.toml").read_text(encoding="utf-8") != variant.configuration:
                raise TrainingError(f"{run} was trained with other settings: remove it.")
            if Checkpoint.load(checkpoint).step >= variant.settings.train.steps:
                return checkpoint
        print(f"training {run.name}", flush=True)
        done = subprocess.run([*self._command(variant, config), *["--resume"] * checkpoint.exists()])
        if done.returncode:
            raise TrainingError(f"training {run.name} ended with {done.returncode}; see above.")
        return checkpoint

    def _command(self, variant: Variant, config: Path) -> list[str]:
        paths, options = self._paths, self._options
        folders = paths.folders if variant.more_data else paths.folders[:1]
        asked = {"--config": config, "--base": paths.base, "--work": paths.work}
        asked |= {"--device": options.device, "--start": options.start, "--threads": options.threads}
        words = [word for k, v in asked.items() if v is not None for word in (k, str(v))]
        words += [word for folder in folders for word in ("--data", str(folder))]
        return [sys.executable, "-m", "parrotlet_training", "train", *words]


def milliseconds(frames: float) -> int:
    return round(1000 * FRAME_SECONDS * frames)


@torch.no_grad()
def multiplications(model: StreamingModel) -> dict[str, float]:
    """In millions, by weight matrices: of the encoder's blocks, with the decoder's keys and values,
    for a second of audio; and of the decoder for a token."""
    arch, second, token = model.arch, 0.0, 0.0
    for name, layer in model.named_modules():
        if not isinstance(layer, (Dense, TokenTable)) or name.startswith("ctc."):
            continue
        if name.startswith("encoder.layers."):
            half = 0 < arch.half_rate_from <= int(name.split(".")[2])
            second += layer.weight.numel() / FRAME_SECONDS / (1 + half)
        elif name.endswith(".cross.key_value"):
            second += layer.weight.numel() / FRAME_SECONDS / (1 + (arch.half_rate_from > 0))
        else:
            token += layer.weight.numel()
    return {"encoder_per_second": round(second / 1e6, 2), "decoder_per_token": round(token / 1e6, 2)}


def read_results(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_results(path: Path, results: dict[str, Any]) -> None:
    """Whoever reads `path` sees the old results or the new ones; lists of numbers in one line."""
    text = json.dumps(results, indent=1)
    text = re.sub(r"\[[^][{}\"]*\]", lambda m: re.sub(r"\s+", " ", m[0]), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text + "\n")
