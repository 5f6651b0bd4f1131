"""Writes the golden files of test/golden; its README says what they are.

usage: make_goldens.py OUT_FOLDER [--models FOLDER --audio FOLDER]
  --models  has moonshine-tiny-en/ (a Hugging Face folder) and streaming-trial.safetensors
  --audio   has the sample recordings; with both, the goldens of the real models are written too
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch
import transformers

import moonshine
import parrotlet_file
import tiny_conformer
import tiny_models
from reference_model import ReferenceModel
from streaming_encoder import WHOLE

# Seeds for which the models say several different tokens, nearly always end by themselves, and choose
# every token with a clear lead.
OFFLINE_SEED, STREAMING_SEED = 91, 585
CONFORMER_SEEDS = {"relative": 52, "sinusoidal": 37}
LEAST_LEAD = 3e-3
TINY_LIMIT = 13  # tokens: 6.5 a second

TINY_CHUNKS = (3, 5, 8, 13, 27, 53, WHOLE)
CHUNKS = (13, 27, 53, WHOLE)
EVERY = 16  # of the real models' frames one in so many is kept


def chunk_name(chunk):
    return "whole" if chunk == WHOLE else str(chunk)


def save(path, array, dtype="<f4"):
    path.write_bytes(np.ascontiguousarray(array, dtype).tobytes())


def save_json(path, value):
    text = json.dumps(value, ensure_ascii=False, indent=2)
    on_one_line = lambda numbers: f"[{', '.join(re.findall('[0-9]+', numbers[0]))}]"
    text = re.sub(r"\[[\s\d,]*\]", on_one_line, text)
    path.write_text(text + "\n", encoding="utf-8")


def decoded(model, memory, limit):
    tokens, lead = moonshine.greedy(model.decoder, memory, limit)
    if lead < LEAST_LEAD:
        raise ValueError(f"a token leads by {lead:.1e} only: rounding could change it")
    return {
        "tokens": tokens,
        "ended": len(tokens) < limit,  # false: cut off at `limit` tokens, before the end token came
        "text": model.text(tokens),
        "smallestLead": round(lead, 5),
    }


@torch.no_grad()
def offline_golden(folder, samples):
    tiny_models.write_offline(folder, OFFLINE_SEED)
    model = moonshine.load_offline(folder)
    memory = model.encode(samples)
    golden = decoded(model, memory, TINY_LIMIT)
    attention = moonshine.cross_attention(model.decoder, memory, golden["tokens"])
    save(folder / "memory.f32", memory)
    save(folder / "cross-attention.f32", attention)
    shapes = {"memory": list(memory.shape), "crossAttention": list(attention.shape)}
    save_json(folder / "golden.json", {**shapes, **golden})


@torch.no_grad()
def streaming_golden(folder, samples):
    tiny_models.write_streaming(folder, STREAMING_SEED)
    model = moonshine.load_streaming(folder, folder / "checkpoint.safetensors")
    golden = {}
    for chunk in TINY_CHUNKS:
        memory = model.encode(samples, chunk)
        save(folder / f"memory-{chunk_name(chunk)}.f32", memory)
        golden[chunk_name(chunk)] = {"memory": list(memory.shape), **decoded(model, memory, TINY_LIMIT)}
    save_json(folder / "golden.json", golden)


@torch.no_grad()
def conformer_golden(folder, name, samples):
    folder.mkdir(parents=True, exist_ok=True)
    tiny_conformer.write(folder / "model.safetensors", name, CONFORMER_SEEDS[name])
    model = ReferenceModel(parrotlet_file.read(folder / "model.safetensors"))
    memory = model.encode(samples)
    logits = model.ctc_logits(memory)
    best = logits.topk(2).values
    lead = float((best[:, 0] - best[:, 1]).min())
    if lead < LEAST_LEAD:
        raise ValueError(f"tiny-conformer-{name}: a token leads by {lead:.1e} only")
    mel = model.log_mel(samples)
    for part, array in (("mel", mel), ("memory", memory), ("logits", logits)):
        save(folder / f"{part}.f32", array)
    tokens = model.ctc_tokens(memory)
    text = b"".join(model.pieces[token] for token in tokens).decode().replace("▁", " ").strip()
    shapes = {"mel": list(mel.shape), "memory": list(memory.shape), "logits": list(logits.shape)}
    golden = {"tokens": tokens, "text": text, "smallestLead": round(lead, 5)}
    save_json(folder / "golden.json", {**shapes, **golden})


@torch.no_grad()
def sample_goldens(folder, models, audio):
    folder.mkdir(parents=True, exist_ok=True)
    base = models / "moonshine-tiny-en"
    runs = {
        "moonshine-tiny-en": (moonshine.load_offline(base), (WHOLE,)),
        "streaming-trial": (moonshine.load_streaming(base, models / "streaming-trial.safetensors"), CHUNKS),
    }
    for name, (model, chunks) in runs.items():
        golden = {"memoryEvery": EVERY, "recordings": {}}
        for path in sorted(p for p in audio.iterdir() if p.suffix in (".wav", ".flac")):
            samples, results = moonshine.read_audio(path), {}
            for chunk in chunks:
                memory = model.encode(samples, chunk)
                file = f"{name}-{path.stem}-{chunk_name(chunk)}.f16"
                save(folder / file, memory[::EVERY], "<f2")
                limit = moonshine.token_limit(len(samples))
                golden_tokens = decoded(model, memory, limit)
                results[chunk_name(chunk)] = {"memory": file, "frames": len(memory), **golden_tokens}
            golden["recordings"][path.name] = results
        save_json(folder / f"{name}.json", golden)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--audio", type=Path)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    args.out.mkdir(parents=True, exist_ok=True)
    samples = torch.from_numpy(tiny_models.waveform())
    save(args.out / "waveform.f32", samples)
    offline_golden(args.out / "tiny-moonshine", samples)
    streaming_golden(args.out / "tiny-streaming", samples)
    for name in tiny_conformer.VARIANTS:
        conformer_golden(args.out / f"tiny-conformer-{name}", name, samples)
    if args.models and args.audio:
        sample_goldens(args.out / "samples", args.models, args.audio)


if __name__ == "__main__":
    main()
