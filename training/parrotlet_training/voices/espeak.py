"""eSpeak NG: robotic, but of many accents and timbres."""

import re

from .engine import Sound, listed, record

WORDS_PER_MINUTE = 175  # its own tempo
ACCENT = re.compile(r"\s*\d+\s+(en\S*)\s+\S+\s+\S+\s+gmw/")  # gmw: no other engine's voices
TIMBRE = re.compile(r"!v/([fm]\d)\s", re.MULTILINE)  # women and men; the others are oddities


class Espeak:
    name = "espeak-ng"
    share = 1
    install = "Debian: apt-get install espeak-ng"

    def voices(self) -> list[str]:
        accents = [ACCENT.match(line) for line in self._list("en").splitlines()]
        timbres = sorted(TIMBRE.findall(self._list("variant")))
        return [f"{a.group(1)}+{timbre}" for a in accents if a for timbre in timbres]

    def speak(self, text: str, voice: str, tempo: float) -> Sound:
        pace = str(round(WORDS_PER_MINUTE * tempo))
        return record(["espeak-ng", "-v", voice, "-s", pace, "--stdin"], "-w", text)

    def _list(self, kind: str) -> str:
        return listed(["espeak-ng", f"--voices={kind}"])
