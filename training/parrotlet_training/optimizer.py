"""Learning rates by part of the model, their course, and the moving average of weights."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from .model.layers import matrices
from .model.names import is_learned_scale
from .model.warm_start import ADDED
from .settings import TrainSettings


def make_optimizer(model: nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """Groups: front end, warm encoder, what is new, decoder, token table, scales, weights in steps;
    only matrices that are not in steps decay."""
    rates = {
        "front end": settings.front_end_rate,
        "encoder": settings.encoder_rate,
        "added": settings.added_rate,
        "decoder": settings.decoder_rate,
        "table": settings.table_rate,
        "scales": settings.scale_rate,
        "codes": settings.code_rate,
    }
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    in_steps = {id(layer.weight) for layer in matrices(model).values() if layer.in_steps}
    for name, parameter in model.named_parameters():
        part = part_of(name)
        trains = rates[part] > 0 and (
            settings.matrices or part == "scales" or parameter.dim() == 1
        )
        if id(parameter) in in_steps:
            part, trains = "codes", trains and settings.code_rate > 0
        parameter.requires_grad_(trains)
        if trains:
            decays = part not in ("scales", "codes") and parameter.dim() > 1
            groups.setdefault((part, decays), []).append(parameter)
    optimizer = torch.optim.AdamW(
        [
            {
                "params": parameters,
                "part": part,
                "peak": rates[part],
                "weight_decay": settings.weight_decay if decays else 0.0,
            }
            for (part, decays), parameters in groups.items()
        ],
        lr=0.0,
        betas=(0.9, 0.98),
        fused=True,
    )
    optimizer.register_step_post_hook(tell_of_changes)
    return optimizer


def load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Goes on from `state`, at the rates that `optimizer` was made with: the configuration's."""
    peaks = [group["peak"] for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, peak in zip(optimizer.param_groups, peaks, strict=True):
        group["peak"] = peak


def tell_of_changes(optimizer: torch.optim.Optimizer, *_: object) -> None:
    """A fused step leaves the versions of weights as they were; layers go by them."""
    for group in optimizer.param_groups:
        torch.autograd.graph.increment_version(group["params"])


def part_of(name: str) -> str:
    if is_learned_scale(name):
        return "scales"
    if name.startswith("decoder.embedding."):
        return "table"
    if name.startswith("decoder."):
        return "decoder"
    if name.startswith("frontend."):
        return "front end"
    return "added" if any(part in name for part in ADDED) else "encoder"


def share_of_peak(step: int, settings: TrainSettings) -> float:
    """A straight warm-up, then half a cosine down to `last_rate`."""
    if step < settings.warm_up:
        return (step + 1) / settings.warm_up
    done = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return (
        settings.last_rate + (1 - settings.last_rate) * (1 + math.cos(math.pi * min(done, 1))) / 2
    )


def set_rates(optimizer: torch.optim.Optimizer, share: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share


class Average:
    """A moving average of the trained weights; young ones follow faster."""

    def __init__(self, model: nn.Module, decay: float):
        self._decay = decay
        self.state: dict[str, Tensor] = {
            k: v.detach().clone() for k, v in model.state_dict().items()
        }

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        decay = min(self._decay, (step + 1) / (step + 10))
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                self.state[name].lerp_(parameter, 1 - decay)
