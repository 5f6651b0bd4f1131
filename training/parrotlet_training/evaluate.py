"""`evaluate`: word error rates by subset, with 95 % intervals."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from tokenizers import Tokenizer

from .checkpoint import Checkpoint
from .data.audio_cache import AudioCache
from .data.manifest import Utterance, read_manifests, spread
from .errors import TrainingError
from .model.architecture import WHOLE, moonshine_architecture, read_config
from .model.front_end import FRAME_SECONDS
from .model.layers import matrices
from .model.streaming_model import StreamingModel
from .model.teacher import load_streaming, load_teacher
from .options import Paths, add_common_options, device_named
from .recognize import by_length, load_tokenizer, transcribe
from .scores import Score, count_errors, score
from .settings import Settings, read_settings

BATCH_SECONDS = 120.0


def add_options(parser: argparse.ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument(
        "--model",
        type=Path,
        help="training or streaming checkpoint; by default --base itself, offline",
    )
    parser.add_argument("--split", default="dev", help="train, dev or test")
    parser.add_argument("--subset", help="only this folder of the data")
    parser.add_argument("--chunks", default="", help="frames or `whole`, by commas; default: all")
    parser.add_argument("--limit", type=int, help="take only so many utterances, evenly spread")
    parser.add_argument("--longest", type=float, help="seconds; longer utterances are left out")
    parser.add_argument(
        "--rounded", action="store_true", help="rounded as [quantize] of the configuration says"
    )
    parser.add_argument("--out", type=Path, help="write the figures as JSON too")


def run(options: argparse.Namespace) -> None:
    paths, settings = Paths.of(options, "data", "base", "work"), read_settings(options.config)
    model = load_model(options.model, paths.base, settings).to(device_named(options.device))
    if options.rounded:
        settings.as_shipped(model)
    elif any(layer.in_steps for layer in matrices(model).values()):
        raise TrainingError(
            f"The weights of {options.model} are in steps of their codes (quantize.learn_scales): "
            "add --rounded."
        )
    longest = options.longest or settings.data.longest_seconds
    rows = read_manifests(paths.folders, options.split)
    rows = [u for u in rows if options.subset in (None, u.subset)]
    chosen = spread([u for u in rows if u.seconds <= longest], options.limit)
    if not chosen:
        raise TrainingError(f"No utterance of {options.split} is left; see --subset and --longest.")
    print(
        f"{options.split}: {len(chosen)} of {len(rows)} utterances "
        f"({sum(u.seconds > longest for u in rows)} are longer than {longest:g} s)"
    )
    audio, tokenizer, figures = AudioCache(paths.work), load_tokenizer(paths.base), {}
    for chunk in parse_chunks(options.chunks, model):
        scores = evaluate_chunk(model, tokenizer, audio, chosen, chunk)
        name = "whole" if chunk == WHOLE else f"{chunk * FRAME_SECONDS * 1000:.0f} ms"
        figures[name] = {subset: asdict(found) for subset, found in scores.items()}
        for subset, found in scores.items():
            print(f"{name:>8}  {subset:36} {found.utterances:5} utterances  {found}", flush=True)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def load_model(path: Path | None, base: Path, settings: Settings) -> StreamingModel:
    """A training checkpoint's averaged weights, a streaming checkpoint, or the teacher."""
    if path is None:
        return load_teacher(base)
    if path.suffix != ".safetensors":
        return Checkpoint.load(path).averaged_model(settings.prepare)
    arch = settings.model.architecture(moonshine_architecture(read_config(base)))
    return load_streaming(path, arch)


def parse_chunks(text: str, model: StreamingModel) -> list[int]:
    """Frames of each chunk to evaluate; only models trained in chunks have a choice."""
    if model.arch.span != "chunk":
        if text:
            raise TrainingError(f'--chunks: a model of span "{model.arch.span}" has no chunks.')
        return [WHOLE]
    if not text:
        return [*model.arch.chunk_choices, WHOLE]
    try:
        chunks = [WHOLE if part == "whole" else int(part) for part in text.split(",")]
    except ValueError:
        chunks = [0]
    if min(chunks) < 1:
        raise TrainingError(
            f"--chunks must be numbers of frames or `whole`, by commas, not {text!r}."
        )
    return chunks


def evaluate_chunk(
    model: StreamingModel,
    tokenizer: Tokenizer,
    audio: AudioCache,
    utterances: list[Utterance],
    chunk: int,
) -> dict[str, Score]:
    """Scores by subset, and of `all`."""
    counts: dict[str, list[tuple[int, int]]] = {}
    everything = count_all(model, tokenizer, audio, utterances, chunk)
    for utterance, pair in zip(utterances, everything):
        counts.setdefault(utterance.subset, []).append(pair)
    return {
        **{subset: score(pairs) for subset, pairs in sorted(counts.items())},
        "all": score(everything),
    }


def count_all(
    model: StreamingModel,
    tokenizer: Tokenizer,
    audio: AudioCache,
    utterances: list[Utterance],
    chunk: int,
) -> list[tuple[int, int]]:
    """Errors and words of each utterance."""
    counts: dict[int, tuple[int, int]] = {}
    for indices in by_length([u.seconds for u in utterances], BATCH_SECONDS):
        recordings = [audio.read(utterances[i].path) for i in indices]
        texts = transcribe(model, tokenizer, recordings, chunk)
        counts |= {i: count_errors(text, utterances[i].text) for i, text in zip(indices, texts)}
    return [counts[i] for i in range(len(utterances))]
