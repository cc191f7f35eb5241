"""CTC against the sum over every path."""

import itertools
import math

import numpy as np
import pytest

from digits.reading.ctc import likely_texts, log_probability, log_softmax

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
        assert math.exp(log_probability(log_probs, [int(c) for c in text])) == pytest.approx(p)
    found = likely_texts(log_probs, LABELS, width=100)
    assert found[0][0] == max(expected, key=lambda t: expected[t])
    for text, log_p in found[:5]:
        assert math.exp(log_p) == pytest.approx(expected[text], rel=0.05)


def test_more_digits_than_columns_cannot_be() -> None:
    log_probs = log_softmax(np.zeros((2, 3)))
    assert log_probability(log_probs, [0, 1, 0]) == -math.inf
    assert log_probability(log_probs, [0, 0]) == -math.inf  # a blank must stand between
