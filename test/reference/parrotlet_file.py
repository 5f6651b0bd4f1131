"""Reads and writes model files as docs/model-format.md defines them, independently of the package."""

import hashlib
import json
import struct
from dataclasses import dataclass

import numpy as np


@dataclass
class ParrotletFile:
    document: dict
    tensors: dict  # name -> float32 array; quantized matrices are given as the numbers they stand for
    pieces: list  # bytes of every token


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__")
    if metadata["format"] != "parrotlet":
        raise ValueError(f"{path}: format is {metadata['format']!r}, expected 'parrotlet'")
    digest = metadata["sha256"].encode()
    blank = data[: 8 + size].replace(digest, b"0" * 64) + data[8 + size :]
    if hashlib.sha256(blank).hexdigest() != digest.decode():
        raise ValueError(f"{path}: the checksum is wrong")
    document = json.loads(metadata["document"])
    raw = {name: stored(entry, data[8 + size :]) for name, entry in header.items()}
    pieces = list(split_pieces(raw.pop("tokenizer.pieces").tobytes()))
    scales = {f"{name}.scale" for name in document.get("tensors", {})}
    tensors = {
        name: dequantized(values, raw[f"{name}.scale"], **document["tensors"][name])
        if name in document.get("tensors", {})
        else values
        for name, values in raw.items()
        if name not in scales
    }
    return ParrotletFile(document, tensors, pieces)


def stored(entry, data):
    begin, end = entry["data_offsets"]
    dtype = {"F32": "<f4", "F16": "<f2", "U8": "u1"}[entry["dtype"]]
    values = np.frombuffer(data[begin:end], dtype).reshape(entry["shape"])
    return values if entry["dtype"] == "U8" else values.astype(np.float32)


def dequantized(codes, scale, bits, shape, groupSize):
    rows, depth = shape
    octets = codes[:, :, None] >> np.arange(0, 8, bits, dtype=np.uint8)
    values = (octets & (2**bits - 1)).reshape(rows, -1)[:, :depth].astype(np.int32)
    values = np.where(values >= 2 ** (bits - 1), values - 2**bits, values)
    groups = values.reshape(rows, depth // groupSize, groupSize).astype(np.float32)
    return (groups * scale.reshape(rows, -1, 1)).reshape(rows, depth)


def split_pieces(data):
    at = 0
    while at < len(data):
        length = data[at]
        yield data[at + 1 : at + 1 + length]
        at += 1 + length


def write(path, document, tensors, pieces):
    """Writes float32 tensors only."""
    packed = b"".join(bytes([len(piece)]) + piece for piece in pieces)
    blobs = {name: np.ascontiguousarray(t, "<f4") for name, t in sorted(tensors.items())}
    blobs["tokenizer.pieces"] = np.frombuffer(packed, np.uint8)
    metadata = {"format": "parrotlet", "sha256": "0" * 64, "document": json.dumps(document)}
    header, at = {"__metadata__": metadata}, 0
    for name, blob in blobs.items():
        dtype = "U8" if blob.dtype == np.uint8 else "F32"
        offsets = [at, at + blob.nbytes]
        header[name] = {"dtype": dtype, "shape": list(blob.shape), "data_offsets": offsets}
        at += blob.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors are aligned
    data = struct.pack("<Q", len(text)) + text + b"".join(b.tobytes() for b in blobs.values())
    digest = hashlib.sha256(data).hexdigest().encode()
    with open(path, "wb") as file:
        file.write(data.replace(b"0" * 64, digest, 1))
