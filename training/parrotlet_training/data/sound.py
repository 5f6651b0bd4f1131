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


def hum(rng: np.random.Generator, count: int) -> np.ndarray:
    """Mains and its harmonics with a little hiss: (count,) of level 1"""
    time, base = np.arange(count) / SAMPLE_RATE, rng.choice((50.0, 60.0, 100.0, 120.0))
    out = 0.1 * rng.standard_normal(count)
    for harmonic in range(1, 9):
        turn = 2 * np.pi * (base * harmonic * time + rng.random())
        out += rng.random() / harmonic * np.sin(turn)
    return (out / level(out)).astype(np.float32)


def clicks(rng: np.random.Generator, count: int) -> np.ndarray:
    """Keys, steps, dishes: short bursts in an uneven rhythm, (count,) of level 1"""
    out = 0.003 * rng.standard_normal(count)
    at, pace = int(rng.uniform(0, 0.3) * SAMPLE_RATE), rng.uniform(0.08, 0.6)
    while at < count:
        size = min(int(rng.uniform(0.004, 0.06) * SAMPLE_RATE), count - at)
        burst = rng.standard_normal(size) * np.exp(-rng.uniform(3, 9) * np.arange(size) / size)
        out[at : at + size] += rng.uniform(0.3, 1) * np.convolve(burst, [0.5, 0.3, 0.2])[:size]
        at += int(rng.exponential(pace) * SAMPLE_RATE) + size
    return (out / level(out)).astype(np.float32)


def music(rng: np.random.Generator, count: int) -> np.ndarray:
    """Plucked or held notes of one scale, several at a time: (count,) of level 1"""
    out = np.zeros(count)
    scale = np.array((0, 2, 4, 5, 7, 9, 11) if rng.random() < 0.5 else (0, 2, 3, 5, 7, 8, 10))
    root, beat, fall = rng.uniform(80, 220), rng.uniform(0.12, 0.6), rng.uniform(0.3, 6)
    at = 0
    while at < count:
        size = min(int(beat * rng.integers(1, 5) * SAMPLE_RATE), count - at)
        time = np.arange(size) / SAMPLE_RATE
        for _ in range(int(rng.integers(1, 5))):
            step = rng.choice(scale) + 12 * rng.integers(0, 3)
            pitch = root * 2 ** (step / 12)
            for harmonic in range(1, int(min(8, 7000 / pitch)) + 1):
                wave = np.sin(2 * np.pi * (harmonic * pitch * time + rng.random()))
                out[at : at + size] += wave * np.exp(-fall * time) / harmonic ** rng.uniform(1, 2)
        at += size
    return (out / level(out)).astype(np.float32)


SCENES = {"hum": hum, "clicks": clicks, "music": music}


def background(rng: np.random.Generator, count: int) -> np.ndarray:
    """What is to be heard where nobody speaks: (count,) of level 1"""
    names = (*COLOURS, *SCENES)
    name = names[rng.integers(len(names))]
    if name in COLOURS or count == 0:
        return noise(rng, count, name if name in COLOURS else "pink")
    return SCENES[name](rng, count)


def add_noise(rng: np.random.Generator, samples: np.ndarray, snr: float) -> np.ndarray:
    """snr: speech over noise in decibels"""
    amount = np.float32(level(samples) * 10 ** (-snr / 20))
    return samples + amount * background(rng, len(samples))


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
