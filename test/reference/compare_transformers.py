"""Holds the built engine to transformers: encoder output and greedy text of real recordings.

usage: compare_transformers.py --models FOLDER --data FOLDER [--count 20]
  --models  has moonshine-tiny-en/ and streaming-trial.safetensors
  --data    has manifest.tsv (split, path, speaker, seconds, text) and the audio it names
Needs `npm run build` and Node.js on the PATH. Both models are imported with float32 weights, so that
nothing but the order of additions may differ. Prints a table; exits with 1 if anything is off.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers

import moonshine
from streaming_encoder import WHOLE

ROOT = Path(__file__).resolve().parents[2]
MOST_ERROR = 1e-3  # norm of the difference over norm of the reference
FRAME_MS = 24
LONGEST_SECONDS = 15  # a recording must fit in one segment


def pick(data, count):
    """Recordings from all over the dev and test splits, always the same."""
    with open(data / "manifest.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    fit = [r for r in rows if r["split"] in ("dev", "test") and 1 < float(r["seconds"]) < LONGEST_SECONDS]
    of_split = lambda split: [r["path"] for r in fit if r["split"] == split]
    dev, test = of_split("dev"), of_split("test")
    half = count // 2
    spread = lambda paths, n: [paths[i * len(paths) // n] for i in range(n)]
    return [data / path for path in spread(dev, count - half) + spread(test, half)]


def import_model(source, output, base=None):
    command = ["node", str(ROOT / "dist/esm/cli/main.js"), "import", str(source), "--output", str(output)]
    command += ["--bits", "32"] + (["--base", str(base)] if base else [])
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def run_engine(model, chunk, recordings, out):
    """-> {name: (memory, text)}"""
    out.mkdir(exist_ok=True)
    choice = "segment" if chunk == WHOLE else str(chunk * FRAME_MS)
    command = ["node", str(ROOT / "test/reference/dump.mjs"), str(model), str(out), choice, *map(str, recordings)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    results = {}
    for line in map(json.loads, lines):
        memory = np.fromfile(out / f"{line['name']}.f32", "<f4").reshape(line["frames"], line["dim"])
        results[line["name"]] = memory, line["text"]
    return results


@torch.no_grad()
def compare(name, reference, chunk, recordings, engine):
    """Prints one row; returns whether all is well."""
    worst, same, different = 0.0, 0, []
    for path in recordings:
        samples = torch.from_numpy(np.fromfile(path, "<f4"))
        memory = reference.encode(samples, chunk)
        tokens, lead = moonshine.greedy(reference.decoder, memory, moonshine.token_limit(len(samples)))
        text = reference.text(tokens).strip()
        got, got_text = engine[path.stem]
        if got.shape != tuple(memory.shape):
            different.append(f"{path.stem}: expected {tuple(memory.shape)} frames x dim, got {got.shape}")
            continue
        worst = max(worst, float(np.linalg.norm(got - memory.numpy()) / memory.norm()))
        if got_text.strip() == text:
            same += 1
        else:
            different.append(f"{path.stem} (smallest lead {lead:.1e}):\n    expected {text!r}\n    got      {got_text!r}")
    label = "whole" if chunk == WHOLE else f"{chunk * FRAME_MS} ms"
    print(f"{name:22}{label:>8}{worst:14.1e}{same:>8} of {len(recordings)}", flush=True)
    for line in different:
        print("  " + line)
    return worst <= MOST_ERROR and not different


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder = args.models / "moonshine-tiny-en"
    trial = args.models / "streaming-trial.safetensors"
    well = []
    print(f"{'model':22}{'chunk':>8}{'worst memory':>14}{'same text':>14}")
    with tempfile.TemporaryDirectory() as temporary:
        work, recordings = Path(temporary), []
        for path in pick(args.data, args.count):
            recordings.append(work / f"{path.stem}.f32")
            moonshine.read_audio(path).numpy().astype("<f4").tofile(recordings[-1])
        for name, source, base, reference, chunks in (
            ("moonshine-tiny-en", folder, None, moonshine.load_offline(folder), (WHOLE,)),
            ("streaming-trial", trial, folder, moonshine.load_streaming(folder, trial), (13, 27, 53, WHOLE)),
        ):
            import_model(source, work / "model.safetensors", base)
            for chunk in chunks:
                engine = run_engine(work / "model.safetensors", chunk, recordings, work / "out")
                well.append(compare(name, reference, chunk, recordings, engine))
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
