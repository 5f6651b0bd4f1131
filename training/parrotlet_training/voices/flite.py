"""Flite: small voices, some of them cut from recordings."""

from .engine import Sound, listed, record

HEADING = "Voices available:"
LEFT_OUT = ("kal", "awb_time")  # 8 kHz; tells the time only


class Flite:
    name = "flite"
    share = 2
    install = "Debian: apt-get install flite"

    def voices(self) -> list[str]:
        found = listed(["flite", "-lv"]).removeprefix(HEADING).split()
        return sorted(set(found) - set(LEFT_OUT))

    def speak(self, text: str, voice: str, tempo: float) -> Sound:
        stretch = f"duration_stretch={1 / tempo:.4f}"
        return record(["flite", "-voice", voice, "--setf", stretch], "-o", text)
