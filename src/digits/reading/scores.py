"""From tiles to calibrated digits: their probabilities, and that of being none.

A model with an eleventh class, 'none', was trained to know what is not a digit, and its probability
is the rejection score. For a model with ten classes there is only the softmax to go by,
which is often sure of a letter: `no_digit` is found far less often then.
"""

from dataclasses import dataclass

import numpy as np

from digits.classifier import Classifier
from digits.metrics import softmax
from digits.reading.answer import Ranking
from digits.spec import NONE

LEAST_SHARE = 1e-9  # that nothing is divided by


@dataclass(frozen=True)
class Scores:
    """What a model says of N tiles: probabilities of the labels (N, len(labels)), and of no digit
    (N,); together they are 1."""

    labels: tuple[str, ...]
    digit: np.ndarray
    none: np.ndarray

    def ranking(self, i: int, allowed: frozenset[str] | None = None) -> Ranking:
        """The labels of tile i, likeliest first; the `allowed` ones alone, with their shares among
        these and what is none of all labels."""
        order = np.argsort(-self.digit[i], kind="stable")
        ranking = [(self.labels[k], float(self.digit[i, k])) for k in order]
        if allowed is None:
            return ranking
        kept = [(label, share) for label, share in ranking if label in allowed]
        total = sum(share for _, share in kept) + max(float(self.none[i]), LEAST_SHARE)
        return [(label, share / total) for label, share in kept]


def score(classifier: Classifier, tiles: np.ndarray) -> Scores:
    """Calibrated probabilities of tiles (N, C, H, W) uint8; labels are the classes but 'none'."""
    probabilities = softmax(classifier(tiles), classifier.temperature)
    none = [k for k, name in enumerate(classifier.classes) if name == NONE]
    digit = np.delete(probabilities, none, axis=1) if none else probabilities
    return Scores(classifier.labels, digit, 1 - digit.sum(axis=1))
