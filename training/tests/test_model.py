"""The model against the golden files and transformers; and that it never hears the future."""

import json
from dataclasses import replace

import pytest
import torch
from conftest import MOONSHINE, STREAMING, golden_floats
from safetensors.torch import load_file
from transformers import MoonshineForConditionalGeneration

from parrotlet_training.errors import TrainingError
from parrotlet_training.model.architecture import WHOLE
from parrotlet_training.model.decoder import greedy
from parrotlet_training.model.encoder import halve
from parrotlet_training.model.front_end import FIRST_FRAME, HOP, frame_count
from parrotlet_training.model.names import to_checkpoint
from parrotlet_training.model.streaming_model import StreamingModel
from parrotlet_training.model.teacher import load_teacher
from parrotlet_training.model.warm_start import warm_start

CHUNKS = {"3": 3, "5": 5, "8": 8, "13": 13, "27": 27, "53": 53, "whole": WHOLE}


def streaming_architecture(arch, **changes):
    return replace(arch, **{"norm": "running", "conv_kernel": 15, "span": "chunk", **changes})


def golden_model(arch, **changes) -> StreamingModel:
    model = StreamingModel(streaming_architecture(arch, **changes))
    assert warm_start(model, STREAMING / "checkpoint.safetensors") == []
    return model.eval().requires_grad_(False)


def encode(model, samples, chunk=WHOLE):
    return model.encode(samples, torch.tensor([samples.shape[1]]), chunk)


@pytest.mark.parametrize("name", CHUNKS)
def test_encoder_and_greedy_equal_the_golden(name, tiny_architecture, waveform):
    golden = json.loads((STREAMING / "golden.json").read_text())[name]
    model = golden_model(tiny_architecture)
    memory, counts = encode(model, waveform, CHUNKS[name])
    expected = golden_floats(STREAMING / f"memory-{name}.f32", 1, *golden["memory"])
    assert (memory - expected).norm() / expected.norm() < 1e-5
    assert greedy(model.decoder, memory, counts, [13]) == [golden["tokens"]]


def test_teacher_equals_transformers(waveform):
    teacher = load_teacher(MOONSHINE)
    theirs = MoonshineForConditionalGeneration.from_pretrained(
        MOONSHINE, dtype=torch.float32
    ).eval()
    tokens = torch.tensor([[1, 7, 30, 11, 63, 5]])
    with torch.no_grad():
        expected = theirs(input_values=waveform, decoder_input_ids=tokens)
    memory, counts = encode(teacher, waveform)
    torch.testing.assert_close(memory, expected.encoder_last_hidden_state, atol=2e-5, rtol=1e-4)
    logits = teacher.decoder(tokens, memory, counts)
    torch.testing.assert_close(logits, expected.logits, atol=5e-5, rtol=1e-4)
    golden = json.loads((MOONSHINE / "golden.json").read_text())
    assert greedy(teacher.decoder, memory, counts, [13]) == [golden["tokens"]]


def test_cross_attention_equals_the_golden(waveform):
    teacher, golden = load_teacher(MOONSHINE), json.loads((MOONSHINE / "golden.json").read_text())
    shape = golden["crossAttention"]
    memory, _ = encode(teacher, waveform)
    heads = [(layer, head) for layer in range(shape[0]) for head in range(shape[1])]
    weights = teacher.decoder.cross_attention(
        torch.tensor([1, *golden["tokens"]]), memory[0], heads
    )
    expected = golden_floats(MOONSHINE / "cross-attention.f32", -1, *shape[2:])
    torch.testing.assert_close(weights, expected, atol=2e-5, rtol=1e-4)


def test_padding_changes_nothing(tiny_architecture, waveform):
    for model in (load_teacher(MOONSHINE), golden_model(tiny_architecture)):
        short = waveform[:, :20000]
        alone, _ = encode(model, short, 13)
        both = torch.stack((waveform[0], torch.nn.functional.pad(short[0], (0, 12000), value=0.3)))
        memory, counts = model.encode(both, torch.tensor([32000, 20000]), 13)
        n = int(counts[1])
        assert n == alone.shape[1] == frame_count(20000)
        torch.testing.assert_close(memory[1, :n], alone[0], atol=2e-5, rtol=1e-4)
        limits = [9, 9]
        assert (
            greedy(model.decoder, memory, counts, limits)[1]
            == greedy(model.decoder, alone, counts[1:], limits[1:])[0]
        )


@pytest.mark.parametrize("kernel", [0, 15])
def test_warm_start_is_moonshine_until_trained(kernel, tiny_architecture, waveform):
    arch = replace(tiny_architecture, conv_kernel=kernel, ctc=True)
    model = StreamingModel(arch).eval()
    missing = warm_start(model, MOONSHINE)
    assert all(
        ".conv." in name or name.startswith("ctc.") or "position" in name for name in missing
    )
    assert torch.equal(encode(model, waveform)[0], encode(load_teacher(MOONSHINE), waveform)[0])


def test_warm_start_keeps_chosen_decoder_layers(tiny_architecture):
    model = StreamingModel(replace(tiny_architecture, decoder_layers=1))
    warm_start(model, MOONSHINE, kept=(1,))
    theirs = load_file(MOONSHINE / "model.safetensors")
    expected = theirs["model.decoder.layers.1.mlp.fc1.weight"].float()
    assert torch.equal(model.decoder.layers[0].ff.inner.weight, expected)


def test_warm_start_tells_what_does_not_fit(tiny_architecture, tmp_path):
    wide = StreamingModel(replace(tiny_architecture, feed_forward=96))
    with pytest.raises(
        TrainingError, match=r"ff.inner.weight should be \[96, 32\], not \[64, 32\]"
    ):
        warm_start(wide, MOONSHINE)
    with pytest.raises(TrainingError, match="Cannot read the weights"):
        warm_start(wide, tmp_path / "missing.safetensors")


def test_checkpoint_names_cover_everything(tiny_architecture):
    ours = to_checkpoint(golden_model(tiny_architecture).state_dict())
    theirs = load_file(STREAMING / "checkpoint.safetensors")
    assert set(ours) == set(theirs)
    assert all(
        torch.equal(ours[name].reshape(-1), theirs[name].float().reshape(-1)) for name in ours
    )


def seen_by(model, samples, frame, chunk):
    """First and last frame of the front end that an output frame depends on, from gradients."""
    seen = []
    hook = model.frontend.register_forward_hook(
        lambda module, inputs, output: seen.append(output.detach().requires_grad_()) or seen[-1]
    )
    memory, _ = encode(model, samples, chunk)
    hook.remove()
    (gradient,) = torch.autograd.grad(memory[0, frame].square().sum(), seen[0])
    frames = gradient[0].abs().sum(-1).nonzero()
    return int(frames.min()), int(frames.max())


@pytest.mark.parametrize("chunk", [1, 5, 13])
def test_chunks_end_what_a_frame_sees(chunk, tiny_architecture, waveform):
    model = golden_model(tiny_architecture)
    for frame in (0, 20, 37):
        assert seen_by(model, waveform, frame, chunk)[1] == frame // chunk * chunk + chunk - 1


@pytest.mark.parametrize("lookahead", [(0, 0), (4, 0), (2, 3)])
def test_lookahead_bounds_what_a_frame_sees(lookahead, tiny_architecture, waveform):
    arch = streaming_architecture(
        tiny_architecture, span="frames", lookahead=lookahead, left_frames=16
    )
    model = StreamingModel(arch).eval().requires_grad_(False)
    warm_start(model, STREAMING / "checkpoint.safetensors")
    for frame in (0, 20, 37):
        assert seen_by(model, waveform, frame, WHOLE)[1] == frame + sum(lookahead)


@pytest.mark.parametrize("span", ["chunk", "frames"])
def test_later_audio_never_changes_earlier_output(span, tiny_architecture, waveform):
    lookahead = (2, 1) if span == "frames" else ()
    arch = streaming_architecture(tiny_architecture, span=span, lookahead=lookahead)
    model = StreamingModel(arch).eval().requires_grad_(False)
    warm_start(model, STREAMING / "checkpoint.safetensors")
    settled = 26 if span == "chunk" else 39 - 3  # frames complete with 39 frames of input
    heard = FIRST_FRAME + 38 * HOP
    changed = waveform.clone()
    changed[:, heard:] = torch.randn(waveform.shape[1] - heard, generator=torch.manual_seed(3))
    before, after = (encode(model, x, 13)[0][0] for x in (waveform, changed))
    assert torch.equal(before[:settled], after[:settled])
    assert not torch.equal(before[45:], after[45:])


@pytest.mark.parametrize("span", ["chunk", "frames"])
def test_left_frames_bound_the_past(span, tiny_architecture, waveform):
    lookahead = (2, 1) if span == "frames" else ()
    changes = dict(conv_kernel=0, span=span, lookahead=lookahead, left_frames=4)
    model = StreamingModel(streaming_architecture(tiny_architecture, **changes)).eval()
    model.requires_grad_(False)
    warm_start(model, MOONSHINE)
    for frame in (20, 37):
        assert seen_by(model, waveform, frame, 1)[0] == frame - 2 * 4  # four in each of two layers


def half_rate_model(arch, **changes) -> StreamingModel:
    arch = streaming_architecture(arch, half_rate_from=1, **changes)
    model = StreamingModel(arch).eval().requires_grad_(False)
    warm_start(model, STREAMING / "checkpoint.safetensors")
    return model


def test_halving_by_hand():
    x = torch.tensor([[1.0, 3, 5, 9, 11], [2, 4, 7, 50, 60]])[..., None]
    halves, counts = halve(x, torch.tensor([5, 3]))
    assert counts.tolist() == [3, 2]
    assert halves[0, :, 0].tolist() == [2, 7, 11] and halves[1, :2, 0].tolist() == [3, 7]


@pytest.mark.parametrize("chunk", [1, 4, 5, 13])
def test_half_rate_waits_for_the_later_frame_of_a_pair(chunk, tiny_architecture, waveform):
    model = half_rate_model(tiny_architecture)
    delays = model.arch.delays(chunk)
    for frame in (0, 3, 4, 12, 25, 36):
        last = seen_by(model, waveform, frame // 2, chunk)[1]
        assert last == frame + delays[frame % len(delays)]
    assert model.arch.delay_frames(chunk) == chunk - (chunk % 2 == 0)


def test_delays_of_frames_in_chunks_and_look_ahead(tiny_architecture):
    chunks = streaming_architecture(tiny_architecture)
    assert (chunks.delay_frames(27), chunks.mean_delay_frames(27)) == (26, 13)
    assert chunks.delay_frames() == WHOLE - 1
    frames = streaming_architecture(tiny_architecture, span="frames", lookahead=(2, 4))
    assert (frames.delay_frames(), frames.mean_delay_frames(WHOLE)) == (6, 6)
    halves = replace(frames, half_rate_from=1)
    assert (halves.delay_frames(), halves.mean_delay_frames(WHOLE)) == (7, 6.5)


def test_half_rate_looks_ahead_by_frames(tiny_architecture, waveform):
    model = half_rate_model(tiny_architecture, span="frames", lookahead=(2, 4))
    for frame in (0, 20, 37):
        assert seen_by(model, waveform, frame // 2, WHOLE)[1] == (frame | 1) + 6


def test_half_rate_makes_half_the_memory_whatever_the_padding(tiny_architecture, waveform):
    model = half_rate_model(tiny_architecture)
    alone, count = encode(model, waveform[:, :20000], 13)
    assert count.tolist() == [(frame_count(20000) + 1) // 2] == [alone.shape[1]]
    padded = torch.nn.functional.pad(waveform[0, :20000], (0, 12000), value=0.3)
    both = torch.stack((waveform[0], padded))
    memory, counts = model.encode(both, torch.tensor([32000, 20000]), 13)
    torch.testing.assert_close(memory[1, : counts[1]], alone[0], atol=2e-5, rtol=1e-4)
    limits = [9, 9]
    expected = greedy(model.decoder, alone, count, limits[1:])[0]
    assert greedy(model.decoder, memory, counts, limits)[1] == expected


def test_architecture_errors_talk(tiny_architecture):
    for changes, text in (
        ({"span": "window"}, "span must be one of"),
        ({"span": "frames"}, "one number for each of the 2 encoder layers"),
        ({"span": "chunk", "chunk_frames": 9}, "chunk_frames 9 must be one of chunk_choices"),
        ({"lookahead": (1, 1)}, 'lookahead belongs to span "frames"'),
        ({"chunk_choices": (0, 13)}, "each 1 or more"),
        ({"half_rate_from": 2}, "half_rate_from must be 0 or one of the blocks 1 to 1, not 2"),
    ):
        with pytest.raises(TrainingError, match=text):
            replace(tiny_architecture, **changes)
