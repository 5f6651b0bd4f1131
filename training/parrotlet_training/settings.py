"""Settings from a TOML file; every key is checked, and an unknown one is an error."""

import tomllib
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from torch import nn

from .errors import TrainingError
from .model.architecture import Architecture
from .model.integers import (
    Integers,
    expect_halves,
    halve_floats,
    hold_integers,
    let_scales_learn,
    read_integers,
    settle,
    start_from_integers,
)
from .model.layers import round_model
from .model.plan import read_plan
from .model.warm_start import warm_start


@dataclass(frozen=True)
class ModelSettings:
    span: str = "chunk"  # chunk | frames
    left_frames: int = 426
    chunk_frames: int = 27
    chunk_choices: tuple[int, ...] = (13, 27, 53)
    again_frames: int = 0  # chunk: a chunk's last frames, which the engine hears again by default
    lookahead: tuple[int, ...] = ()  # frames: one for each encoder layer
    conv_kernel: int = 15
    prior_frames: int = 64
    decoder_layers: tuple[int, ...] = ()  # which of the base's are kept; all if empty
    ctc: bool = True
    half_rate_from: int = 0  # encoder blocks from this one on run on pairs of frames; 0: none

    def architecture(self, base: Architecture) -> Architecture:
        kept = self.kept(base)
        return replace(
            base,
            norm="running",
            prior_frames=self.prior_frames,
            conv_kernel=self.conv_kernel,
            span=self.span,
            left_frames=self.left_frames,
            chunk_frames=self.chunk_frames,
            chunk_choices=self.chunk_choices,
            again_frames=self.again_frames,
            lookahead=self.lookahead,
            decoder_layers=len(kept),
            ctc=self.ctc,
            half_rate_from=self.half_rate_from,
        )

    def kept(self, base: Architecture) -> tuple[int, ...]:
        """The base's decoder layers that the model keeps."""
        kept = self.decoder_layers or tuple(range(base.decoder_layers))
        if list(kept) != sorted(set(kept)) or kept[-1] >= base.decoder_layers or kept[0] < 0:
            raise TrainingError(
                f"model.decoder_layers must be ascending numbers below {base.decoder_layers}, "
                f"not {list(kept)}."
            )
        return kept


@dataclass(frozen=True)
class DataSettings:
    longest_seconds: float = 20.0  # of one segment, joined utterances too
    batch_seconds: float = 60.0  # audio of one batch, padding included
    bucket: int = 512  # examples that are sorted by length at a time
    first_times: int = 1  # how often an epoch hears the first --data; the others once
    workers: int = 0  # processes that make batches
    # Cross-attention heads of the teacher that follow time, [layer, head]: the last looks at the
    # end of the token before. Empty: word times are unknown, and nothing is cut.
    alignment_heads: tuple[tuple[int, int], ...] = ((4, 6), (3, 6), (4, 3), (4, 7), (3, 1))


@dataclass(frozen=True)
class AugmentSettings:
    """Probabilities, and [lowest, highest] of what is drawn evenly."""

    speed: float = 0.3
    speed_factors: tuple[float, float] = (0.9, 1.12)
    join: float = 0.35  # several utterances in a row, up to longest_seconds
    gap_seconds: tuple[float, float] = (0.1, 0.9)
    cut_end: float = 0.2  # speech cut off in mid-word
    cut_start: float = 0.1  # speech that began before the recording
    ends: float = 0.7  # silence or room tone at both ends
    end_seconds: tuple[float, float] = (0.05, 1.5)
    nothing: float = 0.03  # no speech at all
    gain: float = 0.5
    gain_decibels: tuple[float, float] = (-18.0, 8.0)
    noise: float = 0.4
    noise_snr: tuple[float, float] = (5.0, 35.0)
    reverb: float = 0.25
    reverb_seconds: tuple[float, float] = (0.1, 0.7)
    low_pass: float = 0.3
    low_pass_hertz: tuple[float, float] = (3400.0, 7500.0)
    mask: float = 0.4
    mask_frames: tuple[int, int] = (2, 12)  # of each of up to two masks in ten seconds
    mask_channels: float = 0.08  # share of channels at most


@dataclass(frozen=True)
class LossSettings:
    features: float = 10.0  # squared distance to the full-context encoder
    distill: float = 1.0  # Kullback-Leibler divergence from the teacher's distributions
    temperature: float = 1.0
    tokens: float = 1.0  # cross-entropy
    smoothing: float = 0.0
    ctc: float = 0.3
    # What each block puts out, against the same block of the teacher: relative squared distance.
    blocks: float = 0.0
    # A streaming checkpoint to learn from, beside the configuration: it hears with the student's
    # look-ahead. "": the base itself, which hears whole recordings.
    teacher: str = ""


@dataclass(frozen=True)
class QuantizeSettings:
    plan: str = ""  # JSON file of the importer's rules, beside the configuration; "": none
    # A model file of `parrotlet quantize`, beside the configuration, in place of a plan: training
    # starts from its integers and keeps its scales.
    integers: str = ""
    from_step: int = 0  # from here on training runs with rounded weights
    activation_bits: int = 0  # 8 or 4: activations are rounded too, and products are of integers
    other_bits: int = 0  # of the matrices that no rule names, per channel; 0: floats
    least_clip: float = 0.5  # where a rule says "clip": "search": the lowest of clip_steps ratios
    clip_steps: int = 11
    scale_gradient: bool = False  # whether gradients reach a scale through its largest weight
    # With `integers`: their scales and zeros learn, and weights move in steps of their codes, at
    # train.code_rate. Or, if train.matrices is false, codes stay.
    learn_scales: bool = False
    # How the model file will hold scales, norms, biases: float32 or float16. Scales that do not
    # learn must be such in `integers` (`parrotlet quantize --floats float16`); export rounds the rest.
    floats: str = "float32"
    # Steps from products of the same rounded numbers that are summed in floats: equal but for the
    # rounding of sums, and faster. Evaluation always sums integers.
    float_sums: bool = False


@dataclass(frozen=True)
class TrainSettings:
    steps: int = 20000  # 0: the start itself is evaluated
    warm_up: int = 200
    front_end_rate: float = 2e-4  # waveform convolutions and their norm; 0: frozen
    encoder_rate: float = 2e-4
    added_rate: float = 6e-4  # convolution modules and the CTC head
    decoder_rate: float = 3e-5
    table_rate: float = 0.0  # token table; 0: frozen
    scale_rate: float = 1e-3  # of learn_scales, by the size of each scale
    code_rate: float = 6e-3  # of learn_scales, in steps; where a part's own rate is not 0
    matrices: bool = True  # false: only norms and biases learn, around matrices that stay
    last_rate: float = 0.02  # share of the rate that is left at the end
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.999  # decay of the moving average of weights
    bf16: bool = True
    chunk_weights: tuple[float, ...] = (1.0, 3.0, 1.0, 0.5)  # of chunk_choices, then the whole
    seed: int = 1
    checkpoint_minutes: float = 10.0
    evaluate_minutes: float = 20.0
    evaluate_utterances: int = 60


@dataclass(frozen=True)
class Settings:
    model: ModelSettings = field(default_factory=ModelSettings)
    data: DataSettings = field(default_factory=DataSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    quantize: QuantizeSettings = field(default_factory=QuantizeSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    card: dict[str, str] = field(default_factory=dict)  # licence, base, data, source: for the card
    folder: Path = Path()  # of the file they were read from; what it names is found there

    @cached_property
    def integers(self) -> dict[str, Integers]:
        """What quantize.integers names, read once."""
        found = read_integers(self.folder / self.quantize.integers)
        if self.quantize.floats == "float16" and not self.quantize.learn_scales:
            expect_halves(found, self.quantize.integers)
        return found

    def rounds(self) -> bool:
        return bool(self.quantize.plan or self.quantize.integers) or self.quantize.other_bits > 0

    def round(self, model: nn.Module) -> None:
        """From here on the model computes with rounded weights, as the configuration says."""
        q = self.quantize
        if q.integers:
            hold_integers(model, self.integers, q.float_sums, q.floats == "float16")
            return
        rules = read_plan(self.folder / q.plan) if q.plan else ()
        search = {"least_clip": q.least_clip, "clip_steps": q.clip_steps}
        round_model(
            model,
            rules,
            q.activation_bits,
            q.other_bits,
            q.float_sums,
            scale_gradient=q.scale_gradient,
            **search,
        )

    def as_shipped(self, model: nn.Module) -> None:
        """Rounds a model as the configuration says, floats too: to what the model file will hold."""
        if self.rounds():
            self.round(model)
            settle(model)
        if self.quantize.floats == "float16":
            halve_floats(model)

    def prepare(self, model: nn.Module) -> None:
        """Gives a new model the parameters that the configuration adds, before any is loaded."""
        if self.quantize.learn_scales:
            let_scales_learn(model, self.integers)

    def start(self, model: nn.Module, source: Path, published: Architecture) -> None:
        """Puts into the model the weights that training begins with: those of `source`, a Moonshine
        folder or a streaming checkpoint, within reach of `integers` where the configuration names them.

        published: the architecture of the base, of which the model may keep some decoder layers.
        """
        kept = self.model.kept(published)
        all_layers = kept == tuple(range(published.decoder_layers))
        warm_start(model, source, None if all_layers else kept)
        if self.quantize.integers:
            start_from_integers(model, self.integers)

    def __post_init__(self) -> None:
        expected = len(self.model.chunk_choices) + 1
        if self.model.span == "chunk" and len(self.train.chunk_weights) != expected:
            raise TrainingError(
                f"train.chunk_weights needs {expected} numbers: one for each of chunk_choices "
                f"and one for whole recordings, not {list(self.train.chunk_weights)}."
            )
        q = self.quantize
        if q.activation_bits not in (0, 4, 8) or q.other_bits not in (0, 2, 4, 8):
            raise TrainingError(
                "quantize.activation_bits must be 0, 4 or 8, quantize.other_bits 0, 2, 4 or 8."
            )
        if q.integers and (q.plan or q.other_bits or q.activation_bits):
            raise TrainingError(
                "quantize.integers decides alone: leave out plan, other_bits and activation_bits."
            )
        if q.floats not in ("float32", "float16"):
            raise TrainingError(f'quantize.floats must be "float32" or "float16", not "{q.floats}".')
        if q.floats == "float16" and not q.integers:
            raise TrainingError(
                'quantize.floats = "float16" needs quantize.integers: other scales are float32.'
            )
        if q.learn_scales and (not q.integers or q.from_step):
            raise TrainingError(
                "quantize.learn_scales needs quantize.integers, whose scales learn from the first "
                "step on: leave out from_step."
            )
        if self.data.first_times < 1:
            raise TrainingError("data.first_times must be at least 1.")
        if self.train.steps < 0 or self.data.batch_seconds < self.data.longest_seconds:
            raise TrainingError(
                "train.steps must not be negative, data.batch_seconds at least data.longest_seconds."
            )


def read_settings(path: Path) -> Settings:
    tables = read_toml(path, f"There is no configuration {path}; see training/configs.")
    return replace(build(Settings, tables, ""), folder=path.parent)


def read_toml(path: Path, missing: str) -> dict[str, Any]:
    """missing: the error's text where there is no such file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(missing) from None
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"{path} is not TOML: {error}.") from None


def build(kind: type, table: dict[str, Any], where: str) -> Any:
    """A settings object from a TOML table; `where` is the table's name."""
    hints = get_type_hints(kind)
    known = [f.name for f in fields(kind)]
    values = {}
    for key, value in table.items():
        name = f"{where}{key}"
        if key not in known:
            raise TrainingError(f"There is no setting {name}; there are {', '.join(known)}.")
        hint = hints[key]
        if is_dataclass(hint):
            if not isinstance(value, dict):
                raise TrainingError(f"{name} must be a table, not {value!r}.")
            values[key] = build(hint, value, f"{name}.")
        else:
            values[key] = converted(value, hint, name)
    return kind(**values)


def converted(value: Any, hint: Any, name: str) -> Any:
    """The value as the type asks: whole numbers serve as fractions, arrays as tuples."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple and isinstance(value, list):
        if args[-1] is Ellipsis:
            return tuple(converted(v, args[0], f"{name}[{i}]") for i, v in enumerate(value))
        if len(value) == len(args):
            return tuple(
                converted(v, a, f"{name}[{i}]") for i, (v, a) in enumerate(zip(value, args))
            )
    elif origin is dict and isinstance(value, dict):
        return {k: converted(v, args[1], f"{name}.{k}") for k, v in value.items()}
    elif hint is float and type(value) in (int, float):
        return float(value)
    elif hint in (int, str, bool) and type(value) is hint:
        return value
    wanted = hint.__name__ if isinstance(hint, type) and origin is None else str(hint)
    raise TrainingError(f"{name} must be of type {wanted}, not {value!r}.")
