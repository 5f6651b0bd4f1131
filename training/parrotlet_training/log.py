"""The record of a run: a line of JSON for each event, and its curves as a picture."""

import json
import math
from pathlib import Path
from typing import Any


class Log:
    """Appends to log.jsonl. What a broken-off run wrote beyond its checkpoint is taken back."""

    def __init__(self, folder: Path, step: int):
        self._path = folder / "log.jsonl"
        kept = [row for row in read_log(self._path) if row["step"] <= step] if step else []
        self._path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")

    def write(self, **row: Any) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def read_log(path: Path) -> list[dict[str, Any]]:
    """All whole lines; a process killed while writing may have left half of one."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def draw_curves(rows: list[dict[str, Any]], path: Path) -> None:
    """Losses and word error rates against steps, as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    steps = [row for row in rows if row["event"] == "step"]
    tests = [row for row in rows if row["event"] == "evaluate"]
    if not steps:
        return
    names = [name for name in steps[0]["loss"] if name != "total"]
    columns = 2
    height = math.ceil((len(names) + 1) / columns)
    figure, axes = pyplot.subplots(height, columns, figsize=(10, 2.6 * height), squeeze=False)
    for axis, name in zip(axes.flat, names):
        axis.plot([r["step"] for r in steps], [r["loss"][name] for r in steps])
        axis.set_title(name)
        axis.set_yscale("log" if all(r["loss"][name] > 0 for r in steps) else "linear")
    last = axes.flat[len(names)]
    for chunk in sorted({chunk for row in tests for chunk in row["wer"]}):
        points = [(row["step"], row["wer"][chunk]) for row in tests if chunk in row["wer"]]
        last.plot(*zip(*points), marker="o", label=chunk)
    last.set_title("word error rate on dev, %")
    if tests:
        last.legend()
    for axis in axes.flat[len(names) + 1 :]:
        axis.set_visible(False)
    for axis in axes.flat:
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
