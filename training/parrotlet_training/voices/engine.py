"""What an engine of synthetic speech offers, and how one that is a program is run."""

import subprocess
import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

SECONDS_AT_MOST = 60  # of computing for one text; whoever needs longer hangs

Sound = tuple[np.ndarray, int]  # float32 (samples,), and how many make a second


class VoiceError(Exception):
    """One text could not be spoken; another may."""


class Engine(Protocol):
    name: str
    share: int  # how often it is drawn beside the others: the more natural, the more
    install: str  # what to do where it is missing

    def voices(self) -> list[str]:
        """Those on this machine, none where the engine is not installed."""

    def speak(self, text: str, voice: str, tempo: float) -> Sound:
        """tempo: 1 is the voice's own, 2 twice as fast. Called by several threads at a time."""


def record(command: list[str], write_option: str, text: str) -> Sound:
    """Runs a program that reads the text and writes the sound to the file after `write_option`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        try:
            subprocess.run(
                [*command, write_option, str(file)],
                input=text.encode(),
                capture_output=True,
                timeout=SECONDS_AT_MOST,
                check=True,
            )
            return soundfile.read(file, dtype="float32")
        except subprocess.CalledProcessError as error:
            complaint = error.stderr.decode(errors="replace").strip()
            problem = f"ended with status {error.returncode}: {complaint}"
        except (OSError, subprocess.TimeoutExpired, soundfile.LibsndfileError) as error:
            problem = f"gave no sound: {error}"
    raise VoiceError(f"{' '.join(command)} {problem}")


def listed(command: list[str]) -> str:
    """What a program says of its voices; nothing where it is not installed."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
