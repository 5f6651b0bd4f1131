"""The page of all studies and its plot, from the results that `compare` keeps."""

import os
from pathlib import Path
from typing import Any

from .data.audio_cache import write_atomically
from .scores import Change, Score, change, score

Row = dict[str, Any]
HEAD = """# Choices of training

What small runs of training say about the encoder's look-ahead, about smaller models and about data. Every
variant of a study has the same start, data, steps and seed; what is not named differs in nothing. The
runs are short: they compare variants, and none of them is as good as it could become. This page is written by
`python -m parrotlet_training compare` ([training](../training/README.md#comparing-variants)) from
[{results}]({link}), which holds the errors of every utterance and all settings.

![Word error rates of all variants]({plot})
"""
TAIL = """
## How to read it
- **WER**: brackets hold the middle 95 % of 2,000 drawings of utterances with replacement. Utterances are drawn,
  not speakers or seeds: one run of training stands for each variant.
- **Change**: points of WER against the study's first variant, by drawing the same utterances from both. **Better**
  and **worse**: the interval does not hold 0. **Open**: it does, and these utterances prove nothing.
- **Delay**: how long a frame of sound waits for what is heard after it: the longest of a chunk, and the mean.
- **Encoder**, **decoder**: multiplications by weight matrices in the encoder's blocks for a second of sound (with the
  decoder's keys and values), and in the decoder for a token; products of attention are not counted.
- **Steps** and **hours**: of training, and of sound heard in it.
"""


def write_page(results: dict[str, Row], page: Path, plot: Path) -> None:
    draw(results, plot)
    near = Path(os.path.relpath(plot.parent, page.parent)).as_posix()
    name = plot.with_suffix(".json").name
    text = HEAD.format(results=name, link=f"{near}/{name}", plot=f"{near}/{plot.name}")
    text += "".join(section(study) for study in results.values())
    write_atomically(page, text + TAIL)


def section(study: Row) -> str:
    rows = [(row, found) for row in study["variants"].values() for found in row["scores"]]
    control = next(iter(study["variants"].values()), {"scores": []})["scores"]
    chosen = [("worst_delay_ms", "worst"), ("mean_delay_ms", "mean")][: min(len(control), 2)]
    names = [f" at like {word} delay" if len(chosen) > 1 else "" for _, word in chosen]
    head = ["variant", "heard in", "worst delay", "mean delay", "WER", *(f"change{n}" for n in names)]
    head += ["parameters", "encoder", "decoder", "steps", "hours"]
    lines = [line(head), line(["---"] * len(head))]
    for row, found in rows:
        against = [nearest(found, control, key) for key, _ in chosen]
        cells = [row["what"], heard_in(found)]
        cells += [f"{found[key]} ms" for key in ("worst_delay_ms", "mean_delay_ms")]
        cells += [wer(found), *(verdict(found, other) for other in against)]
        cells += [f"{row['parameters'] / 1e6:.1f} M", f"{row['encoder_per_second']:.0f} M/s"]
        cells += [f"{row['decoder_per_token']:.1f} M", f"{row['steps']:,}", f"{row['hours']:.1f}"]
        lines.append(line(cells))
    start = "Moonshine tiny, the base" if study["start"] == "base" else study["start"]
    scored = f"All start from {start}, and are scored on {heard_set(study)}."
    parts = [f"\n## {study['title']}", study["about"].strip(), scored, ""]
    parts += [*lines, "", study["follows"].strip()]
    return "\n".join(parts).rstrip() + "\n"


def nearest(found: Row, control: list[Row], key: str) -> Row:
    """The control's score at the nearest delay."""
    return min(control, key=lambda other: abs(other[key] - found[key]))


def verdict(found: Row, other: Row) -> str:
    if found is other:
        return ""
    moved = change(counts(found), counts(other))
    return f"{moved}: {word_for(moved)}"


def word_for(moved: Change) -> str:
    return "worse" if moved.low > 0 else "better" if moved.high < 0 else "open"


def heard_in(found: Row) -> str:
    if "chunk" in found:
        return f"chunks of {found['chunk']}"
    return f"frames, {'+'.join(map(str, found['lookahead']))} ahead"


def wer(found: Row) -> str:
    result = score(counts(found))
    return f"{result.percent:.1f} % ({result.low:.1f} to {result.high:.1f})"


def counts(found: Row) -> list[tuple[int, int]]:
    return list(zip(found["errors"], found["words"]))


def line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def heard_set(study: Row) -> str:
    """What was heard in evaluation, in words."""
    subsets, minutes = ", ".join(study["subsets"]), study["seconds"] / 60
    return f"{study['utterances']} utterances of dev ({subsets}, {minutes:.0f} minutes)"


def draw(results: dict[str, Row], path: Path) -> None:
    """Word error rates with their intervals, a panel for each study, as SVG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = {study["title"]: labelled(study) for study in results.values()}
    heights = [max(len(rows), 1) for rows in bars.values()]
    size = (8, 0.8 * len(bars) + 0.36 * sum(heights))
    with matplotlib.rc_context({"svg.hashsalt": "parrotlet", "svg.fonttype": "none"}):
        figure, axes = pyplot.subplots(
            max(len(bars), 1), 1, figsize=size, squeeze=False, height_ratios=heights or [1]
        )
        for axis, (title, rows) in zip(axes.flat, bars.items()):
            middle = [found.percent for _, found in rows]
            reach = [[f.percent - f.low for _, f in rows], [f.high - f.percent for _, f in rows]]
            axis.errorbar(middle, range(len(rows)), xerr=reach, fmt="o", capsize=3)
            axis.set_yticks(range(len(rows)), [label for label, _ in rows])
            axis.set_ylim(len(rows) - 0.5, -0.5)
            axis.set_title(title, fontsize="medium")
            axis.set_xlabel("word error rate, %")
            axis.grid(alpha=0.3)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def labelled(study: Row) -> list[tuple[str, Score]]:
    """Of each score its label in the plot; the chunk where a variant was heard in several."""
    return [
        (
            row["what"] + (f", {heard_in(found)}" if len(row["scores"]) > 1 else ""),
            score(counts(found)),
        )
        for row in study["variants"].values()
        for found in row["scores"]
    ]
