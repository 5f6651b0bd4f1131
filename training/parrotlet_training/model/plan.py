"""Which weight matrix is held in how many bits: the importer's plan, as training reads it."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import TrainingError

WIDTHS = (2, 4, 8)
SCHEMES = ("symmetric", "affine", "midRise")
CHANNEL = "channel"
GROUP_STEP = 16  # the multiple that groups must be where inputs are split
MAX, SEARCH, STORED = "max", "search", "stored"
FLOAT_ACTIVATIONS = 32  # what plans and model files call activations that are not rounded


@dataclass(frozen=True)
class Rule:
    """Matrices named `match` (a glob) have so many bits, and `groupSize` inputs to a scale; "split:N":
    an Nth of them."""

    match: str
    bits: int
    groupSize: int | str = CHANNEL
    scheme: str = "symmetric"
    clip: float | str = MAX  # share of the largest magnitude that is kept, MAX (1), or SEARCH
    activations: int | None = None  # bits, FLOAT_ACTIVATIONS, or as the configuration says

    def __post_init__(self) -> None:
        ratio = type(self.clip) in (int, float) and 0 < self.clip <= 1
        size = type(self.groupSize) is int and self.groupSize > 0 or self._parts() is not None
        checks = (
            (
                not (self.match.startswith("/") and self.match.endswith("/")),
                "training reads no regular expressions, but names with *",
            ),
            (self.bits in WIDTHS, f"bits must be one of {WIDTHS}, not {self.bits!r}"),
            (size or self.groupSize == CHANNEL, f"{self.groupSize!r} is no groupSize"),
            (self.scheme in SCHEMES, f"scheme must be one of {SCHEMES}, not {self.scheme!r}"),
            (
                ratio or self.clip in (MAX, SEARCH),
                f'clip must be "max", "search" or above 0 and up to 1, not {self.clip!r}',
            ),
            (
                self.activations in (None, 4, 8, FLOAT_ACTIVATIONS),
                f"activations must be 4, 8 or {FLOAT_ACTIVATIONS}, not {self.activations!r}",
            ),
        )
        for ok, message in checks:
            if not ok:
                raise TrainingError(f"the plan's rule {self.match!r}: {message}.")

    def group_of(self, name: str, depth: int) -> int:
        """Inputs to a scale in a matrix of `depth` inputs."""
        if (parts := self._parts()) is not None:
            group = depth / parts
            fits = depth % parts == 0 and (parts == 1 or group % GROUP_STEP == 0)
        else:
            group = depth if self.groupSize == CHANNEL else self.groupSize
            fits = depth % group == 0
        if not fits:
            raise TrainingError(
                f"groupSize {self.groupSize!r} does not divide the {depth} inputs of {name}."
            )
        return int(group)

    def _parts(self) -> int | None:
        """N where groupSize is "split:N"."""
        found = re.fullmatch("split:([1-9][0-9]*)", str(self.groupSize))
        return int(found[1]) if found else None


def bits_of_activations(activations: int) -> int:
    """Of what a plan or model file calls them; 0 for floats."""
    return 0 if activations == FLOAT_ACTIVATIONS else activations


def read_plan(path: Path) -> tuple[Rule, ...]:
    known = {field.name for field in fields(Rule)}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Rule(**{k: v for k, v in row.items() if k in known}) for row in rows)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise TrainingError(f"{path} is no plan of the importer: {error}.") from None


def assign(rules: tuple[Rule, ...], names: Iterable[str]) -> dict[str, Rule]:
    """The first rule that matches each of the engine's names; those without one are left out."""
    found: dict[str, Rule] = {}
    for name in names:
        rule = next((rule for rule in rules if fnmatchcase(name, rule.match)), None)
        if rule:
            found[name] = rule
    for rule in rules:
        if rule not in found.values():
            raise TrainingError(
                f"the plan's rule {rule.match!r} decides no weight matrix: it matches none, or "
                "rules before it match first."
            )
    return found
