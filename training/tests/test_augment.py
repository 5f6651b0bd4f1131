"""Augmentation: sounds change, lengths and labels stay true."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import QUIET, RATE, clip, tone

from parrotlet_training.data import sound
from parrotlet_training.data.augment import LEAST_SAMPLES, arrange, disturb, masks
from parrotlet_training.data.clip import add_ends, change_speed, cut_end, cut_start, join, resample
from parrotlet_training.settings import AugmentSettings


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def peak_hertz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * RATE / len(samples)


def sine(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(
        np.float32
    )


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.12])
def test_resample_moves_pitch_and_keeps_level(factor):
    out = resample(sine(1000), factor)
    assert out.dtype == np.float32 and len(out) == int(RATE / factor)
    assert peak_hertz(out) == pytest.approx(1000 * factor, abs=2)
    assert sound.level(out) == pytest.approx(sound.level(sine(1000)), rel=0.01)


def test_faster_speech_does_not_alias():
    assert sound.level(resample(sine(7800), 1.12)) < 0.2 * sound.level(sine(7800))


def test_speed_moves_words_with_the_sound():
    fast = change_speed(clip(2.0), 1.25)
    assert fast.seconds == pytest.approx(1.6)
    assert fast.words[3].end == pytest.approx(clip(2.0).words[3].end / 1.25)
    assert [w.tokens for w in fast.words] == [w.tokens for w in clip(2.0).words]


def test_cut_end_drops_the_word_in_progress():
    cut, word = cut_end(clip(), 2, 0.5), clip().words[2]
    assert len(cut.samples) == int((word.start + word.end) / 2 * RATE)
    assert cut.words == clip().words[:2] and not cut.whole_end


def test_cut_start_drops_what_was_missed_and_moves_the_rest():
    cut, whole = cut_start(clip(), 1, 0.5), clip()
    assert [w.text for w in cut.words] == ["w2", "w3"] and cut.whole_end
    begin = len(whole.samples) - len(cut.samples)
    assert cut.words[0].start == pytest.approx(whole.words[2].start - begin / RATE)
    assert np.array_equal(cut.samples, whole.samples[begin:])


def test_joined_words_follow_their_audio():
    a, b, gap = clip(2.0, seed=1), clip(1.5, seed=2), np.zeros(800, np.float32)
    both = join([a, b], [gap])
    assert len(both.samples) == len(a.samples) + 800 + len(b.samples)
    assert both.words[: len(a.words)] == a.words
    assert both.words[4].start == pytest.approx(b.words[0].start + 2.05)
    begin = int(round(2.05 * RATE))
    assert np.array_equal(both.samples[begin:], b.samples)


def test_ends_move_words():
    out = add_ends(clip(), np.zeros(1600, np.float32), np.zeros(3200, np.float32))
    assert len(out.samples) == len(clip().samples) + 4800
    assert out.words[0].start == pytest.approx(clip().words[0].start + 0.1)


@pytest.mark.parametrize("colour", sound.COLOURS)
def test_noise_has_its_colour_and_level(colour, rng):
    hiss = sound.noise(rng, 3 * RATE, colour)
    assert sound.level(hiss) == pytest.approx(1, rel=1e-3)
    power = np.abs(np.fft.rfft(hiss)) ** 2
    low, high = power[1500:3000].mean(), power[12000:24000].mean()  # 8 times as high
    assert np.log2(low / high) / 3 == pytest.approx(sound.COLOURS[colour], abs=0.15)


@pytest.mark.parametrize("scene", sound.SCENES)
@pytest.mark.parametrize("count", [1, 2, 3, 700, RATE])
def test_scenes_have_their_length_and_level(scene, count, rng):
    for _ in range(20 if count < RATE else 3):
        heard = sound.SCENES[scene](rng, count)
        assert heard.dtype == np.float32 and heard.shape == (count,) and np.isfinite(heard).all()
        assert sound.level(heard) == pytest.approx(1, rel=1e-3)


def test_added_noise_has_its_distance(rng):
    speech = tone(2.0, 3)
    added = sound.add_noise(rng, speech, 10.0) - speech
    assert 20 * np.log10(sound.level(speech) / sound.level(added)) == pytest.approx(10, abs=0.05)


def test_reverb_keeps_time_and_level_and_rings_on(rng):
    dry = np.zeros(RATE, np.float32)
    dry[4000] = 1
    wet = sound.add_reverb(rng, dry, 0.3, 0.5)
    assert len(wet) == RATE and np.abs(wet).argmax() == 4000
    assert np.abs(wet[:4000]).max() < 1e-6
    assert sound.level(wet[4100:8000]) > 10 * sound.level(wet[12000:])
    assert sound.level(wet) == pytest.approx(sound.level(dry), rel=1e-3)


def test_low_pass_takes_only_what_is_above():
    assert sound.level(sound.low_pass(sine(5000), 4000)) < 0.01 * sound.level(sine(5000))
    assert sound.level(sound.low_pass(sine(3000), 4000)) == pytest.approx(
        sound.level(sine(3000)), rel=0.01
    )


def test_gain_is_in_decibels():
    assert sound.level(sound.gain(sine(440), -6.0206)) == pytest.approx(
        sound.level(sine(440)) / 2, rel=1e-4
    )


def test_masks_have_their_width(rng):
    settings = AugmentSettings(mask=1.0, mask_frames=(3, 6), mask_channels=0.1)
    for _ in range(50):
        in_time, in_channels = masks(rng, 400, 40, settings)
        assert in_time.shape == (400,) and in_channels.shape == (40,)
        assert 3 <= (in_time == 0).sum() <= 2 * 6
        assert (in_channels == 0).sum() <= 4
    assert all(m.all() for m in masks(rng, 400, 40, QUIET))


def test_without_augmentation_nothing_changes(rng):
    whole = clip()
    out = arrange(rng, [whole], QUIET)
    assert np.array_equal(out.samples, whole.samples) and out.words == whole.words
    assert np.array_equal(disturb(rng, out.samples, QUIET), whole.samples)


def test_everything_at_once_keeps_words_inside_their_audio():
    wild = AugmentSettings(
        speed=1,
        cut_end=0.5,
        cut_start=0.5,
        ends=1,
        nothing=0.1,
        gain=1,
        noise=1,
        reverb=1,
        low_pass=1,
    )
    empty = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        out = arrange(rng, [clip(2.0, seed=1), clip(1.5, seed=2)], wild)
        heard = disturb(rng, out.samples, wild)
        assert heard.shape == out.samples.shape and heard.dtype == out.samples.dtype == np.float32
        assert np.abs(heard).max() <= 1 and len(heard) >= LEAST_SAMPLES
        assert all(0 <= w.start < w.end <= out.seconds + 1e-3 for w in out.words)
        texts = [w.text for w in out.words]
        whole = ["w0", "w1", "w2", "w3"] * 2
        assert any(texts == whole[i : i + len(texts)] for i in range(len(whole)))
        empty += not texts
    assert 0 < empty < 30


def test_nothing_is_said_of_nothing(rng):
    out = arrange(rng, [clip()], replace(QUIET, nothing=1.0))
    assert out.words == () and sound.level(out.samples) < 0.1


def test_clips_without_times_are_never_cut(rng):
    nan = float("nan")
    untimed = replace(clip(), words=tuple(replace(w, start=nan, end=nan) for w in clip().words))
    out = arrange(rng, [untimed], replace(QUIET, cut_end=1.0, cut_start=1.0))
    assert len(out.words) == 4 and len(out.samples) == len(untimed.samples)
