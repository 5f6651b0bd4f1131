"""A model's architecture in numbers: Moonshine's own, and what streaming changes in it."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..errors import TrainingError

SPANS = ("full", "chunk", "frames")
NORMS = ("running", "utterance")
WHOLE = 10**9  # as a chunk: no limit
MAX_AGAIN = 256


@dataclass(frozen=True)
class Architecture:
    """Frames are the encoder's, of 24 ms, but for `prior_frames`, of 4 ms."""

    dim: int
    heads: int
    feed_forward: int
    layers: int
    rotary_dims: int
    rotary_theta: float
    decoder_heads: int
    decoder_layers: int
    decoder_rotary_dims: int
    vocabulary: int
    start_token: int
    end_token: int
    norm: str = "utterance"
    prior_frames: int = 64
    conv_kernel: int = 0  # 0: no convolution modules
    span: str = "full"
    left_frames: int = 426
    chunk_frames: int = 27  # the default of `chunk_choices`
    chunk_choices: tuple[int, ...] = (13, 27, 53)
    again_frames: int = 0  # `chunk` only: a chunk's last, which the engine hears again by default
    lookahead: tuple[int, ...] = ()  # `frames` only: one for each encoder layer
    ctc: bool = False
    half_rate_from: int = 0  # blocks from this one on run on pairs of frames; 0: none

    def __post_init__(self) -> None:
        checks = (
            (self.span in SPANS, f"span must be one of {SPANS}, not {self.span!r}"),
            (self.norm in NORMS, f"norm must be one of {NORMS}, not {self.norm!r}"),
            (
                self.span != "frames" or len(self.lookahead) == self.layers,
                f"lookahead needs one number for each of the {self.layers} encoder layers, "
                f"not {list(self.lookahead)}",
            ),
            (
                self.span == "frames" or not self.lookahead,
                f'lookahead belongs to span "frames"; leave it out under span "{self.span}"',
            ),
            (
                self.span != "chunk" or self.chunk_frames in self.chunk_choices,
                f"chunk_frames {self.chunk_frames} must be one of chunk_choices "
                f"{list(self.chunk_choices)}",
            ),
            (
                min((self.left_frames, self.conv_kernel, *self.lookahead)) >= 0,
                "left_frames, conv_kernel and lookahead must not be negative",
            ),
            (
                min(self.chunk_choices, default=0) >= 1,
                "chunk_choices must be one or more numbers of frames, each 1 or more",
            ),
            (
                0 <= self.again_frames <= MAX_AGAIN,
                f"again_frames must be 0 to {MAX_AGAIN}, not {self.again_frames}",
            ),
            (
                self.span == "chunk" or self.again_frames == 0,
                f'again_frames belongs to span "chunk"; leave it out under span "{self.span}"',
            ),
            (
                0 <= self.half_rate_from < self.layers,
                f"half_rate_from must be 0 or one of the blocks 1 to {self.layers - 1}, "
                f"not {self.half_rate_from}",
            ),
        )
        for ok, message in checks:
            if not ok:
                raise TrainingError(f"architecture: {message}.")

    def offline(self) -> "Architecture":
        """Moonshine's own encoder: full attention, norm over the whole recording, no additions."""
        return replace(
            self,
            norm="utterance",
            conv_kernel=0,
            span="full",
            again_frames=0,
            lookahead=(),
            ctc=False,
            half_rate_from=0,
        )

    def delay_frames(self, chunk: int = WHOLE) -> int:
        """Frames after a frame that its output may depend on, at most; `chunk` for that span."""
        return WHOLE - 1 if chunk == WHOLE and self.span != "frames" else max(self.delays(chunk))

    def mean_delay_frames(self, chunk: int) -> float:
        delays = self.delays(chunk)
        return sum(delays) / len(delays)

    def delays(self, chunk: int) -> list[int]:
        """Of each frame, how many after it its output waits for; from here on they repeat."""
        last = (lambda t: t | 1) if self.half_rate_from else (lambda t: t)  # of its pair
        if self.span == "frames":
            return [last(t) - t + sum(self.lookahead) for t in range(2)]
        return [(last(t) // chunk + 1) * chunk - 1 - t for t in range(2 * chunk)]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Architecture":
        fields = json.loads(text)
        for name in ("chunk_choices", "lookahead"):
            fields[name] = tuple(fields[name])
        return Architecture(**fields)


def read_config(folder: Path) -> dict:
    """config.json of a Hugging Face Moonshine folder."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(
            f"{path} is missing: the base must be a Hugging Face folder of Moonshine "
            "(config.json, model.safetensors, tokenizer.json)."
        ) from None
    if config.get("model_type") != "moonshine":
        raise TrainingError(
            f"{path}: model_type is {config.get('model_type')!r}; only 'moonshine' can be trained."
        )
    return config


def moonshine_architecture(config: dict) -> Architecture:
    """Of Moonshine itself, tiny or base, from its config.json."""
    rope = config.get("rope_parameters", config)
    factor = rope.get("partial_rotary_factor", 0.9)
    dim = config["hidden_size"]
    heads, decoder_heads = (
        config["encoder_num_attention_heads"],
        config["decoder_num_attention_heads"],
    )
    rotary = lambda count: int(dim / count * factor) // 2 * 2
    return Architecture(
        dim=dim,
        heads=heads,
        feed_forward=config["intermediate_size"],
        layers=config["encoder_num_hidden_layers"],
        rotary_dims=rotary(heads),
        rotary_theta=rope.get("rope_theta", 10000.0),
        decoder_heads=decoder_heads,
        decoder_layers=config["decoder_num_hidden_layers"],
        decoder_rotary_dims=rotary(decoder_heads),
        vocabulary=config["vocab_size"],
        start_token=config["decoder_start_token_id"],
        end_token=config["eos_token_id"],
    )
