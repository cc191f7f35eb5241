"""From logits to calibrated digits: what is none of them, and what is expected."""

from pathlib import Path

import numpy as np
import pytest

from digits.classifier import Classifier
from digits.reading.scores import Scores, score

TILES = np.zeros((2, 1, 28, 28), np.uint8)
SHARES = np.array([[0.2, 0.5, 0.3], [0.25, 0.25, 0.5]])


def says(classes: tuple[str, ...], temperature: float = 1.0) -> Classifier:
    """A model that answers SHARES."""
    return Classifier(lambda tiles: np.log(SHARES), Path("a.onnx"), classes, temperature)


def test_what_is_none_is_no_label_wherever_its_class_stands() -> None:
    for classes in [("a", "none", "b"), ("none", "a", "b"), ("a", "b", "none")]:
        place = classes.index("none")
        scores = score(says(classes), TILES)
        assert scores.labels == ("a", "b")
        np.testing.assert_allclose(scores.none, SHARES[:, place], atol=1e-6)
        np.testing.assert_allclose(scores.digit, np.delete(SHARES, place, axis=1), atol=1e-6)


def test_without_such_a_class_nothing_is_none() -> None:
    scores = score(says(("a", "b", "c")), TILES)
    assert scores.labels == ("a", "b", "c")
    np.testing.assert_allclose(scores.none, 0, atol=1e-6)


def test_a_temperature_makes_less_sure() -> None:
    assert score(says(("a", "b", "c"), 2.0), TILES).digit[0].max() < 0.45


def test_labels_that_are_not_allowed_are_left_out_and_the_others_shared_anew() -> None:
    scores = Scores(("a", "b", "c"), np.array([[0.1, 0.6, 0.2]]), np.array([0.1]))
    assert scores.rankings()[0] == [("b", 0.6), ("c", 0.2), ("a", 0.1)]
    kept = scores.rankings(frozenset("ac"))[0]
    assert [label for label, _ in kept] == ["c", "a"]
    assert [share for _, share in kept] == pytest.approx([0.5, 0.25])
