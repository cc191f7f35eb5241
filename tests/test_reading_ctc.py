"""CTC against the sum over every path."""

import itertools
import math

import numpy as np
import pytest

from digits.reading.ctc import (
    align,
    best_path,
    likely_texts,
    log_probabilities,
    log_softmax,
    only,
    search,
)
from digits.reading.formats import ANYTHING, parse

LABELS = ("0", "1")  # and a blank


def truth(log_probs: np.ndarray) -> dict[str, float]:
    """Text -> probability, over all 3**T paths."""
    total: dict[str, float] = {}
    for path in itertools.product(range(3), repeat=len(log_probs)):
        kept = [k for k, _ in itertools.groupby(path) if k < 2]
        text = "".join(LABELS[k] for k in kept)
        p = math.exp(sum(row[k] for row, k in zip(log_probs, path, strict=True)))
        total[text] = total.get(text, 0.0) + p
    return total


@pytest.mark.parametrize("seed", range(4))
def test_probabilities_are_sums_over_all_paths(seed: int) -> None:
    log_probs = log_softmax(np.random.default_rng(seed).normal(0, 2, (5, 3)))
    expected = truth(log_probs)
    assert sum(expected.values()) == pytest.approx(1.0)
    for text, p in expected.items():
        found = log_probabilities(log_probs, [[int(c) for c in text], [0, 0, 0, 0, 0]])
        assert math.exp(found[0]) == pytest.approx(p)
    found = search(log_probs, LABELS, ANYTHING, 100)
    assert found[:3] == sorted(expected, key=lambda t: -expected[t])[:3]


def test_the_best_path_names_a_label_once_unless_a_blank_parts_it() -> None:
    path = [2, 0, 0, 1, 2, 1, 1, 2]  # 2 is the blank
    assert best_path(np.eye(3)[path]) == [0, 1, 1]
    assert best_path(np.eye(3)[[2, 2]]) == [] == best_path(np.zeros((0, 3)))


def test_more_digits_than_columns_cannot_be() -> None:
    log_probs = log_softmax(np.zeros((2, 3)))
    found = log_probabilities(log_probs, [[0, 1, 0], [0, 0], [0], []])
    assert found[0] == found[1] == -math.inf  # a blank must stand between
    assert np.isfinite(found[2:]).all()


def test_a_format_chooses_among_the_texts() -> None:
    log_probs = log_softmax(np.random.default_rng(1).normal(0, 2, (6, 3)))
    wanted = parse("/[01]{2}/")
    assert wanted is not None
    found = search(log_probs, LABELS, wanted, 8)
    assert found and all(len(text) == 2 for text in found)
    expected = {t: p for t, p in truth(log_probs).items() if len(t) == 2}
    assert found[0] == max(expected, key=lambda t: expected[t])


def test_what_may_not_stand_in_a_text_counts_as_blank() -> None:
    log_probs = log_softmax(np.random.default_rng(2).normal(0, 2, (7, 4)))
    ours = only(log_probs, [0, 2])
    assert np.allclose(np.exp(ours).sum(axis=1), 1) and np.allclose(
        ours[:, :2], log_probs[:, [0, 2]]
    )
    assert np.allclose(np.exp(ours[:, 2]), np.exp(log_probs[:, [1, 3]]).sum(axis=1))


def test_a_text_is_laid_where_its_characters_are_surest() -> None:
    probabilities = np.full((9, 3), 0.02)
    for t, k in enumerate([2, 0, 2, 2, 0, 0, 2, 1, 2]):
        probabilities[t, k] = 0.9
    probabilities[5, 0] = 0.95
    assert align(np.log(probabilities), [0, 0, 1]).tolist() == [1, 5, 7]


class Only:
    """A format in which one text alone is valid, which it knows at its end only."""

    start: str = ""
    signs: frozenset[str] = frozenset()

    def __init__(self, text: str) -> None:
        self.text = text

    def step(self, state: str, label: str) -> str:
        return state + label

    def accepts(self, state: str) -> bool:
        return state == self.text


def any_digits(columns: int) -> np.ndarray:
    """Log probabilities in which each digit is a little likelier than the next, at each column."""
    shares = np.append(0.95 ** np.arange(10), 1e-3)
    spread = np.full((2 * columns, 11), 1e-9)
    spread[::2], spread[1::2, -1] = shares / shares.sum(), 1.0  # a blank after each
    return np.log(spread)


def test_so_many_texts_are_kept() -> None:
    assert len(search(any_digits(2), "0123456789", ANYTHING, 8)) == 8
    assert len(likely_texts([any_digits(2)], "0123456789", ANYTHING, 100)) == 8
    assert len(likely_texts([any_digits(2)], "0123456789", ANYTHING, 4)) == 4


@pytest.mark.parametrize(("text", "found"), [("36", True), ("78", False)])
def test_more_are_kept_where_a_format_fits_none_of_them(text: str, found: bool) -> None:
    """Of a hundred texts `36` is about the fiftieth, `78` beyond the eightieth."""
    assert bool(likely_texts([any_digits(2)], "0123456789", Only(text), 4)) == found


def test_the_wide_search_is_of_the_first_and_the_last_look() -> None:
    """And there is none where a narrow one finds a text in any of the looks."""
    narrow, wide = any_digits(2), any_digits(2)
    narrow[::2, [3, 6]] = math.log(0.45)
    too_short = log_softmax(np.zeros((1, 11)))
    for looks, found in (
        ([wide, too_short, too_short], {"36"}),
        ([too_short, too_short, wide], {"36"}),
        ([too_short, wide, too_short], set()),
        ([too_short, narrow, too_short], {"36"}),
    ):
        assert likely_texts(looks, "0123456789", Only("36"), 4) == found


@pytest.mark.parametrize(("share", "begins"), [(1.5e-4, True), (0.7e-4, False)])
def test_what_is_unlikely_at_a_column_begins_nothing(share: float, begins: bool) -> None:
    column = np.log(np.array([[share, 1 - share]]))
    assert ("7" in search(column, "7", ANYTHING, 8)) == begins


def test_what_a_format_refuses_takes_no_place() -> None:
    """The unlikeliest of a hundred texts is found where the others are refused as they begin."""

    class Begins(Only):
        def step(self, state: str, label: str) -> str | None:  # type: ignore[override]
            return state + label if self.text.startswith(state + label) else None

    assert likely_texts([any_digits(2)], "0123456789", Begins("99"), 4) == {"99"}
