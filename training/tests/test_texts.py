"""Texts to be spoken: what is read of a file, what is left out, and which files are refused."""

import gzip

import pytest

from parrotlet_training.data.texts import capitals, read_texts
from parrotlet_training.errors import TrainingError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Well-kept hens, “said” he; don’t — sing!", "WELL KEPT HENS SAID HE DON'T SING"),
        ("  two\u00a0spaces  ' ", "TWO SPACES"),
        ("'TIS THE HENS' SONG", "'TIS THE HENS' SONG"),
        ("ten hens in 1984", ""),
        ("hens & cocks", ""),
        ("ein Häuschen", ""),
        ("...", ""),
    ],
)
def test_capitals(text, said):
    assert capitals(text) == said


def test_texts_are_read_plain_or_gzipped_and_once_each(tmp_path):
    lines = "id\ttext\n1\tthe hens sing in the barn\n\n2\tthe hens sing, in the barn\n3\thens 3\n"
    lines += f"4\t{'very ' * 60}long\n5\tThe cock is silent all the day\n"
    (tmp_path / "plain").write_text(lines)
    (tmp_path / "packed").write_bytes(gzip.compress(lines.encode()))
    expected = ["THE HENS SING IN THE BARN", "THE COCK IS SILENT ALL THE DAY"]
    assert read_texts(tmp_path / "plain", 1.5, 16) == expected
    assert read_texts(tmp_path / "packed", 1.5, 16) == expected


PACKED = gzip.compress(b"1\tthe hens sing in the barn\n" * 100)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: .*No such file"),
        (PACKED[:-20], "cannot be read: "),
        (PACKED[:12] + b"\xff\xff" + PACKED[14:], "cannot be read: "),
        (b"\x1f\x8bno gzip", "cannot be read: "),
        (b"1\t\xff\xfe\n", "cannot be read: .*utf-8"),
        (b"", "is no list of texts"),
        (b"1\tthe hens sing in the barn\nthe cock is silent\n", "is no list of texts"),
        (b"1\thens\n2\t1984\n", "none of 2 texts"),
    ],
)
def test_bad_texts(content, message, tmp_path):
    path = tmp_path / "texts"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrainingError, match=message):
        read_texts(path, 1, 16)
