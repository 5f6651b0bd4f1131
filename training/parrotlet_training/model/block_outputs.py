"""What each block puts out on the way, for losses that compare two models block by block."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor, nn

from .streaming_model import StreamingModel


@dataclass
class BlockOutputs:
    """Of the calls made since: a list of each call's outputs, in order of the blocks."""

    encoder: list[Tensor] = field(default_factory=list)  # (batch, frames, dim)
    decoder: list[Tensor] = field(default_factory=list)  # (batch, tokens, dim)

    def shapes(self) -> list[tuple[int, ...]]:
        return [tuple(output.shape) for output in self.encoder + self.decoder]


@contextmanager
def block_outputs(model: StreamingModel) -> Iterator[BlockOutputs]:
    """Collects what the model's blocks put out inside the `with`."""
    found = BlockOutputs()

    def collect(block: nn.Module, outputs: list[Tensor]):
        return block.register_forward_hook(lambda _block, _inputs, output: outputs.append(output))

    handles = [collect(block, found.encoder) for block in model.encoder.layers]
    # A decoder layer ends with its feed-forward module.
    handles += [collect(layer.ff, found.decoder) for layer in model.decoder.layers]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
