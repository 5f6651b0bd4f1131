"""RHVoice: statistical voices, quick and clear."""

import shutil
from pathlib import Path

from .engine import Sound, record

PROGRAM = "RHVoice-test"
# The other English voices of the package may not be used commercially, nor what is made of them.
FREE = ("alan", "bdl", "clb", "slt")


class RHVoice:
    name = "rhvoice"
    share = 4
    install = "Debian, section non-free: apt-get install rhvoice rhvoice-english"

    def voices(self) -> list[str]:
        program = shutil.which(PROGRAM)
        if program is None:
            return []
        folder = Path(program).parents[1] / "share" / "RHVoice" / "voices"
        return [voice for voice in FREE if (folder / voice).is_dir()]

    def speak(self, text: str, voice: str, tempo: float) -> Sound:
        return record([PROGRAM, "-p", voice, "-r", str(round(100 * tempo))], "-o", text)
