"""Pruning: fewer rows in the token table, the same words."""

import json

import pytest
import torch
from conftest import MOONSHINE

from parrotlet_training.__main__ import main
from parrotlet_training.model.teacher import load_teacher
from parrotlet_training.recognize import load_tokenizer

TEXT = "the hen sang at ten in a tree"


@pytest.fixture
def pruned(tmp_path):
    text = tmp_path / "words.txt"
    text.write_text(TEXT)
    out = tmp_path / "base"
    assert main(["prune", "--base", str(MOONSHINE), "--out", str(out), "--texts", str(text)]) == 0
    return out


def test_words_are_spelled_as_before(pruned):
    whole, fewer = load_tokenizer(MOONSHINE), load_tokenizer(pruned)
    assert fewer.get_vocab_size() < whole.get_vocab_size()
    for text in (TEXT, TEXT.title(), "Ten, the tree."):
        encoded = fewer.encode(text, add_special_tokens=False)
        before = whole.encode(text, add_special_tokens=False)
        assert encoded.tokens == before.tokens
        assert fewer.decode(encoded.ids) == whole.decode(before.ids)


def test_the_table_keeps_the_rows_of_its_pieces(pruned):
    whole, fewer = load_teacher(MOONSHINE), load_teacher(pruned)
    old, new = load_tokenizer(MOONSHINE).get_vocab(), load_tokenizer(pruned).get_vocab()
    assert json.loads((pruned / "config.json").read_text())["vocab_size"] == len(new)
    assert fewer.arch.vocabulary == len(new)
    for piece, token in new.items():
        row = fewer.decoder.embedding.weight[token]
        assert torch.equal(row, whole.decoder.embedding.weight[old[piece]])


def test_special_tokens_stay_where_they_were(pruned):
    fewer = load_tokenizer(pruned)
    assert [fewer.id_to_token(i) for i in range(3)] == ["<unk>", "<s>", "</s>"]


def test_nothing_to_keep_is_an_error(tmp_path, capsys):
    assert main(["prune", "--base", str(MOONSHINE), "--out", str(tmp_path)]) == 1
    assert "no words to keep" in capsys.readouterr().err
