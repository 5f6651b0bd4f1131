"""A study: one start, one set of settings, and variants that each change a few of them."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .errors import TrainingError
from .settings import Settings, build, read_toml

Tables = dict[str, dict[str, Any]]  # settings by section, as a configuration file has them
BASE = "base"


@dataclass(frozen=True)
class Variant:
    name: str = ""
    what: str = ""  # for the page: what is different
    chunks: tuple[int, ...] = ()  # to evaluate in place of the study's
    more_data: bool = False  # whether it learns from every --data, not from the first alone
    tables: Tables = field(default_factory=dict)  # the study's settings with this variant's over them

    @property
    def settings(self) -> Settings:
        return build(Settings, self.tables, "settings.")

    @property
    def configuration(self) -> str:
        """The settings as a configuration file."""
        sections = (
            f"[{section}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in table.items())
            for section, table in self.tables.items()
        )
        return "\n".join(sections)


@dataclass(frozen=True)
class Study:
    title: str = ""
    about: str = ""  # what is asked, and how the variants were chosen
    start: str = BASE  # or, in words, the streaming checkpoint that --start names
    utterances: int = 120  # of dev, evenly spread
    chunks: tuple[int, ...] = (27,)  # frames, of models that hear in chunks
    follows: str = ""  # what the measured figures mean, once they are there
    name: str = ""  # the file's
    variants: tuple[Variant, ...] = ()  # the first is what the others are compared with


def read_study(path: Path) -> Study:
    tables = read_toml(path, f"There is no study {path}; see training/studies.")
    shared, rows = tables.pop("settings", {}), tables.pop("variants", [])
    study = build(Study, tables, "")
    variants = tuple(read_variant(row, shared, f"variants[{i}].") for i, row in enumerate(rows))
    names = [variant.name for variant in variants]
    if len(names) < 2 or "" in names or len(set(names)) < len(names):
        raise TrainingError(
            f"{path}: a study needs two or more [[variants]], each with a name of its own, "
            f"not {names}."
        )
    return replace(study, name=path.stem, variants=variants)


def read_variant(row: dict[str, Any], shared: Tables, where: str) -> Variant:
    own = row.get("settings", {})
    variant = build(Variant, {k: v for k, v in row.items() if k != "settings"}, where)
    sections = {**shared, **own}  # in the shared order
    merged = {name: {**shared.get(name, {}), **own.get(name, {})} for name in sections}
    build(Settings, merged, f"{where}settings.")
    return replace(variant, tables=merged)
