"""`divergence`: how far a rounded model's token distributions are from its teacher's, on train and dev."""

import argparse
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from .data.audio_cache import AudioCache
from .data.manifest import Utterance, read_manifest, spread
from .errors import TrainingError
from .evaluate import BATCH_SECONDS, load_model
from .losses import block_distance, divergence
from .model.architecture import WHOLE
from .model.block_outputs import block_outputs
from .model.decoder import greedy, token_limit
from .model.streaming_model import StreamingModel
from .model.teacher import teach
from .options import Paths, add_common_options, device_named
from .recognize import by_length, padded
from .settings import read_settings


def add_options(parser: argparse.ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument(
        "--model", type=Path, required=True, help="training or streaming checkpoint; rounded here"
    )
    parser.add_argument("--splits", nargs="+", default=["train", "dev"], help="train, dev or test")
    parser.add_argument("--subset", help="only this folder of the data")
    parser.add_argument("--limit", type=int, default=64, help="utterances, evenly spread")


@torch.no_grad()
def run(options: argparse.Namespace) -> None:
    paths, settings = Paths.of(options, "data", "base", "work"), read_settings(options.config)
    if not settings.loss.teacher:
        raise TrainingError(
            f"{options.config} names no loss.teacher. The base, which hears whole recordings, is no "
            "measure of what rounding costs."
        )
    device, audio = device_named(options.device), AudioCache(paths.work)
    model = load_model(options.model, paths.base, settings).to(device)
    settings.as_shipped(model)
    teacher = load_model(settings.folder / settings.loss.teacher, paths.base, settings).to(device)
    print("split   tokens    whole  encoder  decoder   blocks")
    for split in options.splits:
        rows = [u for u in read_manifest(paths.data, split) if options.subset in (None, u.subset)]
        rows = [u for u in rows if u.seconds <= settings.data.longest_seconds]
        if not rows:
            raise TrainingError(f"No utterance of {split} is left; see --subset.")
        tokens, figures = compare(model, teacher, audio, spread(rows, options.limit))
        print(f"{split:5} {tokens:8}", *(f"{x:8.4f}" for x in figures), flush=True)


def compare(
    model: StreamingModel, teacher: StreamingModel, audio: AudioCache, rows: list[Utterance]
) -> tuple[int, list[float]]:
    """The number of tokens, and means per token: KL(teacher, model); the same of the model's encoder
    before the teacher's decoder; of its decoder behind the teacher's encoder; block_distance.

    Both read what the teacher itself writes, which is no text that either was trained on.
    """
    device, arch = next(model.parameters()).device, model.arch
    chunk = arch.chunk_frames if arch.span == "chunk" else WHOLE
    total, sums = 0, torch.zeros(4)
    batches = list(by_length([u.seconds for u in rows], BATCH_SECONDS))
    for indices in tqdm(batches, desc="listening", unit="batch", leave=False):
        recordings = [audio.read(rows[i].path) for i in indices]
        samples, lengths = (tensor.to(device) for tensor in padded(recordings))
        limits = [token_limit(len(recording)) for recording in recordings]
        said = greedy(teacher.decoder, *teacher.encode(samples, lengths, chunk), limits)
        tokens, read = from_start_on(said, arch.start_token)
        tokens, read = tokens.to(device), read.to(device)
        with block_outputs(teacher) as wanted, block_outputs(model) as blocks:
            memory, target = teach(teacher, samples, lengths, tokens, chunk)
            heard, counts = model.encode(samples, lengths, chunk)
            whole = model.decoder(tokens, heard, counts)
        encoder = teacher.decoder(tokens, heard, counts)
        decoder = model.decoder(tokens, memory, counts)
        frames = torch.arange(heard.shape[1], device=device) < counts[:, None]
        found = [divergence(logits, target, read, 1.0) for logits in (whole, encoder, decoder)]
        found.append(block_distance(blocks, wanted, frames, read))
        sums += read.sum().cpu() * torch.stack(found).cpu()
        total += int(read.sum())
    return total, (sums / total).tolist()


def from_start_on(said: list[list[int]], start: int) -> tuple[Tensor, Tensor]:
    """-> tokens (batch, n) after the start token, and which of them are there: the rest is padding"""
    longest = 1 + max(map(len, said))
    tokens, read = torch.full((len(said), longest), start), torch.zeros(len(said), longest)
    for i, row in enumerate(said):
        tokens[i, 1 : 1 + len(row)] = torch.tensor(row)
        read[i, : 1 + len(row)] = 1
    return tokens, read.bool()
