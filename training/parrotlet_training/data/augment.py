"""What is drawn for one example: how utterances become a clip, and how the clip is heard."""

import numpy as np

from ..model.front_end import FIRST_FRAME, FRAME_SECONDS, SAMPLE_RATE
from ..settings import AugmentSettings
from . import sound
from .clip import Clip, add_ends, change_speed, cut_end, cut_start, join

LEAST_SAMPLES = SAMPLE_RATE // 2
LEAST_PART, MOST_PART = 0.15, 0.7  # how far into a word it may be cut
COLOURS = tuple(sound.COLOURS)


def arrange(rng: np.random.Generator, clips: list[Clip], settings: AugmentSettings) -> Clip:
    """What student and teacher both hear, but for its sound: speed, joins, cuts, ends."""
    if rng.random() < settings.nothing:
        return nothing(rng, min(clip.seconds for clip in clips))
    rate = rng.uniform(*settings.speed_factors) if rng.random() < settings.speed else 1.0
    if rate != 1.0:
        clips = [change_speed(clip, rate) for clip in clips]
    loudness = min(sound.level(clip.samples) for clip in clips)
    gaps = [room_tone(rng, settings.gap_seconds, loudness) for _ in clips[1:]]
    clip = join(clips, gaps)
    cut = maybe_cut(rng, clip, settings)
    clip = cut if len(cut.samples) >= LEAST_SAMPLES else clip
    if rng.random() < settings.ends:
        before, after = (room_tone(rng, settings.end_seconds, loudness) for _ in range(2))
        # Nothing but silence after half a word would teach to end words early.
        clip = add_ends(clip, before, after if clip.whole_end else after[:0])
    return Clip(at_least(clip.samples, FIRST_FRAME), clip.words, clip.whole_end)


def maybe_cut(rng: np.random.Generator, clip: Clip, settings: AugmentSettings) -> Clip:
    for chance, cut in ((settings.cut_end, cut_end), (settings.cut_start, cut_start)):
        if rng.random() < chance and clip.timed and len(clip.words) > 1:
            word = int(rng.integers(len(clip.words)))
            clip = cut(clip, word, rng.uniform(LEAST_PART, MOST_PART))
    return clip


def nothing(rng: np.random.Generator, seconds: float) -> Clip:
    """No speech: nothing shall be said."""
    count = int(min(max(seconds, 1.0), 8.0) * SAMPLE_RATE)
    loudness = np.float32(10 ** rng.uniform(-4, -0.8))
    return Clip((loudness * sound.background(rng, count)).clip(-1, 1), ())


def room_tone(
    rng: np.random.Generator, seconds: tuple[float, float], loudness: float
) -> np.ndarray:
    """Digital silence, or noise 30 to 60 dB below the speech."""
    count = int(rng.uniform(*seconds) * SAMPLE_RATE)
    if rng.random() < 0.3:
        return np.zeros(count, np.float32)
    colour = COLOURS[rng.integers(len(COLOURS))]
    return np.float32(loudness * 10 ** (-rng.uniform(30, 60) / 20)) * sound.noise(
        rng, count, colour
    )


def disturb(rng: np.random.Generator, samples: np.ndarray, settings: AugmentSettings) -> np.ndarray:
    """What the student hears of a clip, of the same length: reverb, noise, band width, level."""
    heard = samples
    if rng.random() < settings.reverb:
        heard = sound.add_reverb(
            rng, heard, rng.uniform(*settings.reverb_seconds), rng.uniform(0.1, 0.8)
        )
    if rng.random() < settings.noise:
        heard = sound.add_noise(rng, heard, rng.uniform(*settings.noise_snr))
    if rng.random() < settings.low_pass:
        heard = sound.low_pass(heard, rng.uniform(*settings.low_pass_hertz))
    if rng.random() < settings.gain:
        heard = sound.gain(heard, rng.uniform(*settings.gain_decibels))
    return heard.clip(-1, 1)


def masks(
    rng: np.random.Generator, frames: int, dim: int, settings: AugmentSettings
) -> tuple[np.ndarray, np.ndarray]:
    """What is kept of the front end's output, 1 or 0: frames (frames,) and channels (dim,)."""
    in_time, in_channels = np.ones(frames, np.float32), np.ones(dim, np.float32)
    if rng.random() < settings.mask:
        most = max(1, round(2 * frames * FRAME_SECONDS / 10))
        for _ in range(int(rng.integers(1, most + 1))):
            width = int(rng.integers(settings.mask_frames[0], settings.mask_frames[1] + 1))
            begin = int(rng.integers(0, max(1, frames - width)))
            in_time[begin : begin + width] = 0
        count = int(rng.integers(0, int(settings.mask_channels * dim) + 1))
        in_channels[rng.choice(dim, count, replace=False)] = 0
    return in_time, in_channels


def at_least(samples: np.ndarray, count: int) -> np.ndarray:
    """With zeros after it, if it is too short."""
    return np.pad(samples, (0, max(0, count - len(samples))))
