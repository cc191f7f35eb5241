"""From tiles to calibrated digits: their probabilities, and that of being none.

A model with an eleventh class, 'none', was trained to know what is not a digit, and its probability
is the rejection score. For a model with ten classes there is only the softmax to go by,
which is often sure of a letter: `no_digit` is found far less often then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digits.classifier import Classifier
from digits.reading.answer import Ranking
from digits.spec import NONE


@dataclass(frozen=True)
class Scores:
    """What a model says of N tiles: probabilities of the labels (N, len(labels)), and of no digit
    (N,); together they are 1."""

    labels: tuple[str, ...]
    digit: np.ndarray
    none: np.ndarray

    def rankings(self, allowed: frozenset[str] | None = None) -> list[Ranking]:
        """The labels of each tile, likeliest first; the `allowed` ones alone, with their shares
        among these and what is none of all labels."""
        rankings = [
            sorted(zip(self.labels, shares, strict=True), key=lambda item: -item[1])
            for shares in self.digit.tolist()
        ]
        if allowed is None:
            return rankings
        return [
            _among(ranking, allowed, none)
            for ranking, none in zip(rankings, self.none.tolist(), strict=True)
        ]

    def support(self, labels: Sequence[str]) -> list[float]:
        """How well each tile's ink fits its label, whatever else is allowed."""
        return [float(one[self.labels.index(k)]) for one, k in zip(self.digit, labels, strict=True)]


def _among(ranking: Ranking, allowed: frozenset[str], none: float) -> Ranking:
    kept = [(label, share) for label, share in ranking if label in allowed]
    total = sum(share for _, share in kept) + max(none, 1e-9)  # nothing is divided by 0
    return [(label, share / total) for label, share in kept]


def score(classifier: Classifier, tiles: np.ndarray) -> Scores:
    """Calibrated probabilities of tiles (N, C, H, W) uint8; labels are the classes but 'none'."""
    probabilities = classifier.predict_proba(tiles)
    none = [k for k, name in enumerate(classifier.classes) if name == NONE]
    digit = np.delete(probabilities, none, axis=1)
    return Scores(classifier.labels, digit, 1 - digit.sum(axis=1))
