"""Training checkpoints: all that is needed to go on, replaced in one go."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .errors import TrainingError
from .model.architecture import Architecture
from .model.streaming_model import StreamingModel


@dataclass
class Checkpoint:
    architecture: Architecture
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Any]
    step: int  # steps taken
    epoch: int
    batch: int  # the next one of the epoch
    hours: float  # of audio heard

    def save(self, path: Path) -> None:
        """Whoever reads `path` sees the old checkpoint or the new one."""
        temporary = path.with_name(path.name + ".tmp")
        torch.save({**vars(self), "architecture": self.architecture.to_json()}, temporary)
        temporary.replace(path)

    @staticmethod
    def load(path: Path) -> "Checkpoint":
        try:
            fields = torch.load(path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            raise TrainingError(f"There is no checkpoint {path}; `train` writes them.") from None
        except Exception as error:  # torch names no type for a damaged file
            raise TrainingError(f"{path} cannot be read as a checkpoint: {error}") from None
        fields["architecture"] = Architecture.from_json(fields["architecture"])
        return Checkpoint(**fields)

    def averaged_model(
        self, prepare: Callable[[StreamingModel], None] = lambda _: None
    ) -> StreamingModel:
        """The model to evaluate and export, ready for inference.

        prepare: gives a new model what the run's configuration adds (Settings.prepare).
        """
        model = StreamingModel(self.architecture)
        prepare(model)
        model.load_state_dict(self.average)
        return model.eval().requires_grad_(False)
