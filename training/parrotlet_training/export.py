"""`export`: the averaged weights as a checkpoint that `parrotlet import` reads.

With `--share` a blend with the weights that training began with (see `blend`), rounded afterwards.
"""

import argparse
import json
from pathlib import Path

import torch

from .blend import expect_share
from .check_engine import check_engine
from .checkpoint import Checkpoint
from .errors import TrainingError
from .model.architecture import Architecture, moonshine_architecture, read_config
from .model.layers import WAVEFORM, matrices
from .model.names import to_checkpoint
from .model.plan import FLOAT_ACTIVATIONS, STORED
from .model.streaming_model import StreamingModel
from .options import Paths, add_common_options
from .recognize import load_tokenizer
from .settings import Settings, read_settings
from .tensor_file import write_tensors

CARD = ("licence", "base", "data", "source")


def add_options(parser: argparse.ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument("--model", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of what training changed, 0 to 1; needs --start"
    )
    parser.add_argument("--start", type=Path, help="what training began with, as for `train`")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--name", default="streaming", help="of the checkpoint, and of the model")
    parser.add_argument(
        "--check",
        type=Path,
        metavar="SOUND",
        help="hold the built engine to this model's text: of a recording, for every chunk, or of "
        "all dev recordings of a folder with manifest.tsv, for the model's own chunk",
    )


def run(options: argparse.Namespace) -> None:
    paths, settings = Paths.of(options, "base"), read_settings(options.config)
    saved = Checkpoint.load(options.model)
    model = saved.averaged_model(settings.prepare)
    if options.share != 1:
        keep_share(model, options.share, settings, paths.base, options.start)
    card = {**settings.card, "steps": str(saved.step)}
    settings.as_shipped(model)
    written = export(model, paths.base, options.out, options.name, card)
    plan = plan_beside(written) if settings.rounds() else None
    weights = ["--plan", str(plan), "--floats", settings.quantize.floats] if plan else []
    output = f"{options.name}{'' if plan else '-int4'}.safetensors"
    print(f"{written}\nNow: npx parrotlet import {' '.join([str(written), *weights])} -o {output}")
    if options.check:
        check_engine(model, options.out, written, options.check, weights or ["--bits", "32"])


@torch.no_grad()
def keep_share(
    model: StreamingModel, share: float, settings: Settings, base: Path, start: Path | None
) -> None:
    """Takes a trained model a part of the way back to what training began with, before it is rounded."""
    expect_share(share)
    if start is None:
        raise TrainingError("--share needs --start: what training began with, as for `train`.")
    torch.manual_seed(settings.train.seed)  # as training does: what `start` lacks begins at random
    began = StreamingModel(model.arch)
    settings.prepare(began)
    settings.start(began, start, moonshine_architecture(read_config(base)))
    first = began.state_dict()
    for name, value in model.state_dict().items():
        value.copy_(torch.lerp(first[name], value, share))


def export(model: StreamingModel, base: Path, out: Path, name: str, card: dict[str, str]) -> Path:
    """Writes NAME.safetensors, config.json and tokenizer.json to `out`; the file's path.

    Of a model that computes with rounded weights it writes the scales too, and the plan beside it
    with which `parrotlet import` makes its very integers.
    """
    check_importable(model.arch)
    unknown = set(card) - {*CARD, "steps"}
    if unknown:
        raise TrainingError(f"card: {sorted(unknown)} has no place; there are {', '.join(CARD)}.")
    tokenizer = base / "tokenizer.json"
    load_tokenizer(base)
    out.mkdir(parents=True, exist_ok=True)
    config = {**read_config(base), "decoder_num_hidden_layers": model.arch.decoder_layers}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (out / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    metadata = {**card, "architecture": model.arch.to_json()}
    path = out / f"{name}.safetensors"
    scales = to_checkpoint(scales_of(model))
    write_tensors(path, {**to_checkpoint(model.state_dict()), **scales}, metadata)
    if scales:
        rules = json.dumps(stored_rules(model), indent=2)
        plan_beside(path).write_text(rules + "\n", encoding="utf-8")
    return path


def plan_beside(checkpoint: Path) -> Path:
    return checkpoint.with_suffix(".plan.json")


@torch.no_grad()
def scales_of(model: StreamingModel) -> dict[str, torch.Tensor]:
    """For every rounded matrix its scales, and its zeros where its scheme stores them:
    (outputs, groups), named as its weight with `.scale` and `.zero` behind it."""
    found: dict[str, torch.Tensor] = {}
    for name, layer in model.named_modules():
        if getattr(layer, "rounding", None) is None:
            continue
        scales = layer.rounded().scales
        found[f"{name}.weight.scale"] = scales.scale[..., 0]
        if layer.rounding.grid.scheme == "affine":
            found[f"{name}.weight.zero"] = scales.zero[..., 0]
    return found


def stored_rules(model: StreamingModel) -> list[dict[str, str | int]]:
    """The importer's plan for a model's rounded matrices; the others stay floats."""
    rules: list[dict[str, str | int]] = []
    for name, layer in matrices(model).items():
        if layer.rounding is None:
            if name != WAVEFORM:
                rules.append({"match": name, "bits": 32})
            continue
        grid, activations = layer.rounding.grid, layer.rounding.activation_bits
        rule = {"match": name, "bits": grid.bits, "groupSize": grid.group, "scheme": grid.scheme}
        rules.append({**rule, "clip": STORED, "activations": activations or FLOAT_ACTIVATIONS})
    return rules


def check_importable(arch: Architecture) -> None:
    if arch.norm != "running" or arch.span == "full" or arch.conv_kernel == 0:
        raise TrainingError(
            "`parrotlet import` reads streaming models: with a running norm, a span of chunks or "
            f"frames and convolution modules, not norm {arch.norm!r}, span {arch.span!r} and a "
            f"kernel of {arch.conv_kernel}."
        )
    if arch.half_rate_from:
        raise TrainingError(
            f"model.half_rate_from is {arch.half_rate_from}: the engine runs every encoder block at "
            "the full frame rate, so this model can only be trained and evaluated."
        )
