"""The whole model; the teacher is one of these too, with Moonshine's own architecture."""

from torch import Tensor, nn

from .architecture import WHOLE, Architecture
from .ctc_head import CtcHead
from .decoder import Decoder
from .encoder import Encoder
from .front_end import FrontEnd, frame_count


class StreamingModel(nn.Module):
    """Submodules: frontend, encoder, decoder, and ctc where the architecture has it (else None)."""

    def __init__(self, arch: Architecture):
        super().__init__()
        self.arch = arch
        self.frontend = FrontEnd(arch)
        self.encoder = Encoder(arch)
        self.decoder = Decoder(arch)
        self.ctc = CtcHead(arch.dim) if arch.ctc else None

    def encode(
        self, samples: Tensor, lengths: Tensor, chunk: int = WHOLE, keep: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """-> memory (batch, frames, dim), counts (batch,) of real frames; of pairs at half rate.

        samples: (batch, n) at 16 kHz, lengths: (batch,) real samples.
        keep: broadcasts to (batch, frames, dim): what is left of the front end's frames.
        """
        counts = frame_count(lengths)
        frames = self.frontend(samples, lengths)
        return self.encoder(frames if keep is None else frames * keep, counts, chunk)
