"""Words as they are compared: normalization, and alignment by fewest edits."""

from functools import lru_cache

from transformers.models.whisper.english_normalizer import EnglishTextNormalizer


@lru_cache(maxsize=1)
def _normalizer() -> EnglishTextNormalizer:
    return EnglishTextNormalizer({})


def normalized_words(text: str) -> list[str]:
    """In lower case, without punctuation, contractions and numbers spelt one way."""
    return _normalizer()(text).split()


def align(a: list[str], b: list[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of indices in a and b with the fewest edits; None where one has no partner.

    Of equally short alignments it takes substitutions before gaps, from the end.
    """
    rows, columns = len(a) + 1, len(b) + 1
    cost = [[max(i, j) if 0 in (i, j) else 0 for j in range(columns)] for i in range(rows)]
    for i in range(1, rows):
        for j in range(1, columns):
            cost[i][j] = min(
                cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]), cost[i - 1][j] + 1, cost[i][j - 1] + 1
            )
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(a), len(b)
    while i or j:
        if i and j and cost[i][j] == cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and cost[i][j] == cost[i - 1][j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def word_errors(hypothesis: list[str], reference: list[str]) -> int:
    """Substitutions, insertions and deletions."""
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, heard in enumerate(hypothesis, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (heard != word))
    return row[-1]
