"""What changes a recording's sound but not its time: level, noise, reverberation, band width."""

import numpy as np

from ..model.front_end import SAMPLE_RATE

COLOURS = {"white": 0.0, "pink": 1.0, "brown": 2.0, "blue": -1.0}  # power falls as 1 / f^x


def level(samples: np.ndarray) -> float:
    """Root mean square; never 0."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def gain(samples: np.ndarray, decibels: float) -> np.ndarray:
    return samples * np.float32(10 ** (decibels / 20))


def noise(rng: np.random.Generator, count: int, colour: str) -> np.ndarray:
    """(count,) of level 1"""
    if count == 0:
        return np.zeros(0, np.float32)
    size = fast_length(count)
    spectrum = np.fft.rfft(rng.standard_normal(size, np.float32))
    bins = np.maximum(np.arange(len(spectrum)), size * 20 / SAMPLE_RATE)  # flat below 20 Hz
    shaped = np.fft.irfft(spectrum * bins ** (-COLOURS[colour] / 2), size)[:count]
    return (shaped / level(shaped)).astype(np.float32)


def add_noise(rng: np.random.Generator, samples: np.ndarray, snr: float, colour: str) -> np.ndarray:
    """snr: speech over noise in decibels"""
    amount = np.float32(level(samples) * 10 ** (-snr / 20))
    return samples + amount * noise(rng, len(samples), colour)


def add_reverb(
    rng: np.random.Generator, samples: np.ndarray, seconds: float, wet: float
) -> np.ndarray:
    """A synthetic room: noise that decays by 60 dB in `seconds`, `wet` as loud as the direct sound.

    The direct sound comes at once, so that words stay where they were; the level stays too.
    """
    count = int(seconds * SAMPLE_RATE)
    tail = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail[: int(0.002 * SAMPLE_RATE)] = 0
    tail *= wet / np.sqrt((tail**2).sum() + 1e-12)
    tail[0] = 1
    size = fast_length(len(samples) + count)
    out = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    return (out * (level(samples) / level(out))).astype(np.float32)


def low_pass(samples: np.ndarray, cutoff: float, width: float = 400.0) -> np.ndarray:
    """Nothing above `cutoff` hertz, falling over the `width` below it."""
    size = fast_length(len(samples))
    spectrum = np.fft.rfft(samples, size)
    hertz = np.arange(len(spectrum)) * SAMPLE_RATE / size
    fall = np.clip((cutoff - hertz) / width, 0, 1)
    return np.fft.irfft(spectrum * np.sin(np.pi / 2 * fall) ** 2, size)[: len(samples)].astype(
        np.float32
    )


def fast_length(count: int) -> int:
    """The next length that FFTs like: a power of two, or three quarters of one."""
    size = 1 << max(count - 1, 1).bit_length()
    return size * 3 // 4 if size * 3 // 4 >= count else size
